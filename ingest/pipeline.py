"""The parts that a sync works with, opened late and kept between syncs: parse workers and embedding model."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.passwords import find_passwords_file
from rag.processes import StopSwitch
from rag.settings import DEFAULT_EMBED_MAX_TOKENS, DEFAULT_EMBED_MODEL, Settings

if TYPE_CHECKING:
    import numpy as np

    from ingest.workers.messages import Parsed, ParseJob
    from ingest.workers.pool import ParsePool
    from rag.models.embedder import Embedder


_LOOK_S = 0.1
"""The time between two looks whether anybody still waits for the embedding model."""
_END_S = 10.0
"""How long the preparing of a model may take to end; it has to clear away 200 MB."""


class Pipeline:
    """Loads and splits files in worker processes, and embeds in this one. Not for several threads at a time."""

    def __init__(self, settings: Settings, models_dir: Path, say: Callable[[str], None] = lambda text: None) -> None:
        """`say` is told in a sentence what takes long before the first embedding."""
        self.settings = settings
        self._models_dir = models_dir
        self._say = say
        self._pool: ParsePool | None = None
        self._opening: Future[Embedder] | None = None
        self._switch = StopSwitch()

    def make_fingerprint(self) -> dict[str, Any]:
        """What decides how files become chunks and vectors, except for the embedding model's own fingerprint."""
        from ingest.loaders.version import LOADERS_VERSION
        from ingest.splitting.version import SPLITTER_VERSION

        return {
            "embed_model": self.settings.embed_model,
            "chunk_size": self.settings.chunk_size,
            "chunk_overlap": self.settings.chunk_overlap,
            "loaders": LOADERS_VERSION,
            "splitter": SPLITTER_VERSION,
        }

    def read_known_embedding(self) -> str | None:
        """The embedding model's fingerprint, read in no time; None if the model was never opened on this index."""
        from rag.models.manifest import read_fingerprint

        return read_fingerprint(self.settings.embed_model, self._models_dir)

    @property
    def embedder(self) -> Embedder:
        """The embedding model, opened at the first use; the very first time that takes seconds, or a download."""
        embedder = self.await_embedder(lambda: False)
        assert embedder is not None
        return embedder

    def await_embedder(self, must_stop: Callable[[], bool]) -> Embedder | None:
        """The embedding model; None if `must_stop` says so before it is there, while it goes on being prepared."""
        opening = self._opening = self._opening or self._begin_opening()
        while not opening.done():
            if must_stop():
                return None
            wait([opening], _LOOK_S)
        if opening.exception():
            self._opening = None  # the next one tries again
        return opening.result()

    def _begin_opening(self) -> Future[Embedder]:
        opening: Future[Embedder] = Future()
        switch = self._switch

        def open_embedder() -> None:
            from rag.models.embedder import Embedder

            try:
                embedder = Embedder.open(self.settings.embed_model, self._models_dir, self._say, switch)
            except BaseException as exc:  # raised again where it is waited for
                opening.set_exception(exc)
            else:
                opening.set_result(embedder)

        threading.Thread(target=open_embedder, name="open-embedder", daemon=True).start()
        return opening

    def parse(self, jobs: Iterable[ParseJob]) -> Iterator[Parsed]:
        """Read and split files in worker processes; results come as they are finished, not in the order of the jobs."""
        if self._pool is None:
            self._pool = self._open_pool()
        with self._switch.guard(self._pool.close):
            yield from self._pool.parse(jobs)

    def _open_pool(self) -> ParsePool:
        """Workers for these settings; the embedding model is opened first where nothing else tells its limit."""
        from ingest.workers.messages import ParseConfig
        from ingest.workers.pool import ParsePool

        settings = self.settings
        is_default = settings.embed_model == DEFAULT_EMBED_MODEL
        config = ParseConfig(
            model_name=settings.embed_model,
            models_dir=self._models_dir,
            chunk_size=settings.chunk_size,
            chunk_overlap=settings.chunk_overlap,
            max_tokens=DEFAULT_EMBED_MAX_TOKENS if is_default else self.embedder.max_tokens,
            passwords_file=find_passwords_file(settings.index_dir),
            ocr_languages=settings.ocr_languages,
        )
        return ParsePool(config, settings.index_dir / "scratch")

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Normalised vectors, shape (n, dimensions), in order."""
        return self.embedder.embed_documents(texts)

    def stop(self) -> None:
        """Give up what another thread is reading or preparing; it gets a RagError."""
        self._switch.throw()

    def close(self) -> None:
        """End the worker processes and the model's threads; both start again when they are needed."""
        if self._pool is not None:
            self._pool.close()
        if self._opening is not None:
            self._switch.throw()
            wait([self._opening], _END_S)
            if self._opening.done() and not self._opening.exception():
                self._opening.result().close()
        self._pool = self._opening = None
        self._switch = StopSwitch()
