"""What is known of an exported model: written beside it, and read before it is opened."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from rag.models.source import find_export_key

EXPORT_VERSION = 1
"""Raise it when exported models would give other vectors, so that cached ones are made again."""

MODEL_FILE, TOKENIZER_FILE, _MANIFEST_FILE = "model.onnx", "tokenizer.json", "manifest.json"


@dataclass(frozen=True, slots=True)
class Agreement:
    """How the exported model's results resemble the original's on the probes, 1 where they are equal.

    Cosines of vectors, one a text; concordance of scores, one a question.
    """

    mean: float
    minimum: float

    def reaches(self, mean: float, minimum: float) -> bool:
        return self.mean >= mean and self.minimum >= minimum


@dataclass(frozen=True, slots=True)
class Prefixes:
    """What the model wants before a question and before a passage; mostly nothing."""

    query: str = ""
    document: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is known of an export. Written last: where it is, the export is whole."""

    model: str
    digest: str
    """SHA-256 of the weights, or the hub's revision."""
    precision: str
    """``int8``, ``int8-reduced`` (7-bit weights) or ``fp32``."""
    dimensions: int
    """Of a vector; 1 for a model that scores pairs."""
    max_tokens: int
    prefixes: Prefixes
    agreement: Agreement
    files: dict[str, int]
    """Name to size in bytes."""
    remark: str = ""
    """Why it stayed in full precision."""
    version: int = EXPORT_VERSION

    @property
    def fingerprint(self) -> str:
        """Changes whenever results may change."""
        parts = (self.model, self.digest, self.precision, *asdict(self.prefixes).values(), f"export {self.version}")
        return json.dumps(parts, ensure_ascii=False)

    @classmethod
    def read(cls, folder: Path) -> Manifest | None:
        """The manifest of a whole export; None if there is none or a file isn't as it was written."""
        try:
            raw = json.loads((folder / _MANIFEST_FILE).read_text("utf-8"))
            prefixes, agreement = Prefixes(**raw.pop("prefixes")), Agreement(**raw.pop("agreement"))
            manifest = cls(prefixes=prefixes, agreement=agreement, **raw)
            sizes = {name: (folder / name).stat().st_size for name in manifest.files}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
        return manifest if manifest.version == EXPORT_VERSION and sizes == manifest.files else None

    def write(self, folder: Path) -> None:
        text = json.dumps(asdict(self), ensure_ascii=False, indent=2)
        (folder / _MANIFEST_FILE).write_text(text + "\n", "utf-8")


def read_fingerprint(model_name: str, models_dir: Path) -> str | None:
    """The fingerprint of the cached export, None if there is none yet. Reads one small file."""
    manifest = Manifest.read(models_dir / find_export_key(model_name))
    return manifest.fingerprint if manifest else None
