"""Text to normalised vectors, by an exported model that `rag.models.onnx` runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rag.models.cache import open_export
from rag.models.manifest import TOKENIZER_FILE, Manifest
from rag.models.onnx import OnnxModel, read_tokenizer
from rag.models.source import EMBEDDING_PACKAGE, Say, check_digest, locate

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from rag.models.onnx import Vectors
    from rag.processes import StopSwitch


class Embedder:
    """An embedding model that runs. It may be used by several threads at once."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.fingerprint = manifest.fingerprint
        self.dimensions = manifest.dimensions
        self.max_tokens = manifest.max_tokens
        """Longer texts are cut to this many tokens, the model's own special tokens included."""
        self.precision = manifest.precision
        self.agreement = manifest.agreement
        self.spread = manifest.spread
        """Standard deviation of the cosines of texts that have nothing to do with each other."""
        self.folder = folder
        """Where the model and its tokenizer are, as ONNX Runtime and tokenizers read them."""
        self.prefixes = manifest.prefixes
        self._model = OnnxModel(folder, manifest.max_tokens, manifest.dimensions)

    @classmethod
    def open(
        cls, model_name: str, models_dir: Path, progress: Say | None = None, switch: StopSwitch | None = None
    ) -> Embedder:
        """Open the cached export, or make it first (10 to 20 seconds for a small model), telling `progress`.

        Raises EmbeddingModelError if the model can't be found, isn't what it should be, can't be exported, or if the
        switch is thrown meanwhile.
        """
        return cls(*open_export(locate(model_name), models_dir, progress, switch))

    @property
    def tokenizer(self) -> Tokenizer:
        """Cuts a text to the tokens that the model reads."""
        return self._model.tokenizer

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Normalised vectors, one row for each text, in order."""
        return self._model.run_all(lambda text: self._model.tokenizer.encode(self.prefixes.document + text), texts)

    def embed_query(self, text: str) -> Vectors:
        """The normalised vector of a question."""
        return self._model.run(self._model.tokenizer.encode(self.prefixes.query + text))

    def close(self) -> None:
        """End the model's threads, once what they run is done. It can't be used any more."""
        self._model.close()


def load_tokenizer(model_name: str, models_dir: Path) -> Tokenizer:
    """The model's tokenizer without truncation or padding.

    The packaged model's is at hand; another model is exported first if it wasn't yet.
    """
    source = locate(model_name)
    folder = models_dir / source.key
    if source.is_packaged and Manifest.read(folder) is None:
        check_digest(source.folder / TOKENIZER_FILE, EMBEDDING_PACKAGE)
        folder = source.folder
    else:
        folder, _ = open_export(source, models_dir)
    return read_tokenizer(folder / TOKENIZER_FILE)
