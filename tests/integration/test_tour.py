"""The notebook, by a real kernel, over the samples and two models."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from tests.endpoint import Exchange, model_server

TOUR = Path(__file__).parents[2] / "notebooks" / "tour.ipynb"


def say(exchange: Exchange) -> None:
    exchange.begin_stream()
    exchange.send_text("Every six weeks, or every three weeks where the water is hard [1].")
    exchange.send_text("", finish="stop")


def test_the_tour_runs_and_is_kept_without_outputs(models_dir: Path, tmp_path: Path):
    shutil.copytree(models_dir, tmp_path / "index" / "models")
    tour = nbformat.read(TOUR, as_version=4)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in tour.cells)
    with model_server(say, ("first", "second")) as (url, _):
        environment = {**os.environ, "BASE_URL": url, "MODEL": "first", "TOUR_MODELS": "first,second"}
        environment["RAG_INDEX_DIR"] = str(tmp_path / "index")
        client = NotebookClient(tour, timeout=200, resources={"metadata": {"path": str(TOUR.parent)}})
        client.execute(env=environment)
    outputs = [output for cell in tour.cells for output in cell.get("outputs", ())]
    said = "".join(output.get("text", "") for output in outputs)
    assert "4 documents" in said
    assert "4 unchanged, 0 embedded" in said
    assert "Every six weeks, or every three weeks where the water is hard [1]." in said
    assert "[1] kettle-manual.pdf, page 3" in said
    assert "second: answered" in said
    assert "RAG_CHUNK_SIZE=220" in said
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 4
