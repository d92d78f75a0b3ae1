"""Whole ingestions beside the stock LlamaIndex pipeline: text, and what else the user's folder holds."""

from __future__ import annotations

from pathlib import Path

from bench.speed.table import Part, Row
from bench.speed.texts import write_texts
from bench.stock.against_llamaindex import compare

_FILES, _PARAGRAPHS = 60, 60


def measure_ingestion(folder: Path, own: Path | None) -> Part:
    """Made texts, or the documents of the user's own folder; both ingestions in one run."""
    texts = own or folder / "made"
    if own is None:
        write_texts(texts, _FILES, _PARAGRAPHS)
    found = compare(texts)
    ours, stock = found["ours"], found["stock"]
    rows = [
        Row("whole", "s", [ours.seconds], "stock", [stock.seconds], "≥ 4 times"),
        Row("a chunk", "ms", [1e3 * ours.seconds / ours.chunks], "stock", [1e3 * stock.seconds / stock.chunks]),
        Row("whole process", "s", [ours.process_s], "stock", [stock.process_s]),
        Row("peak memory, all processes", "MB", [ours.peak_mb], "stock", [stock.peak_mb], "≤ half"),
    ]
    what = f"the documents of {texts.name}" if own else f"{_FILES} made texts of {_PARAGRAPHS} paragraphs"
    told = f"Loading, splitting, embedding and storing {what}; the same model. The stock chunks are smaller or larger."
    return Part("Ingestion", "python -m bench ingestion [--folder FOLDER]", told, rows)
