"""PDF pages per second: our loader in its worker pool against the stock LlamaIndex reader, in one run on one folder.

    uv run --with llama-index-readers-file python -m bench.loading FOLDER

"Loaded" is bytes to text. Ours is also timed with splitting into chunks, which the stock reader doesn't do. Without
llama-index-readers-file, pypdf is timed alone, which is what that reader calls.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ingest.loaders.formats import read
from ingest.loaders.reading import ReadOptions
from ingest.workers.messages import ParseConfig, ParseJob
from ingest.workers.pool import ParsePool
from rag.settings import DEFAULT_EMBED_MODEL


def load_in_one_process(files: list[Path]) -> int:
    pages = 0
    for path in files:
        _, reading = read(path.name, path.read_bytes(), ReadOptions())
        pages += sum(1 for _ in reading.pages)
    return pages


def load_in_the_pool(files: list[Path]) -> int:
    """Loaded and split; the workers' start is included."""
    pages = 0
    with tempfile.TemporaryDirectory() as folder:
        config = ParseConfig(DEFAULT_EMBED_MODEL, Path(folder), 220, 32)
        with ParsePool(config, config.models_dir / "scratch") as pool:
            for parsed in pool.parse(ParseJob(path.name, path) for path in files):
                with parsed:
                    pages += max((chunk.page or 0 for chunk in parsed.chunks), default=0)
    return pages


def load_by_stock(files: list[Path]) -> int:
    try:
        from llama_index.core import SimpleDirectoryReader
        from llama_index.readers.file import PDFReader
    except ImportError:
        return load_by_pypdf(files)
    reader = SimpleDirectoryReader(input_files=[str(path) for path in files], file_extractor={".pdf": PDFReader()})
    return len(reader.load_data())


def load_by_pypdf(files: list[Path]) -> int:
    import pypdf

    return sum(len([page.extract_text() for page in pypdf.PdfReader(path).pages]) for path in files)


def time_loading(name: str, run: Callable[[list[Path]], int], files: list[Path]) -> float:
    began = time.perf_counter()
    pages = run(files)
    speed = pages / (time.perf_counter() - began)
    print(f"{name:40} {pages:6} pages {speed:8.1f} pages/s", flush=True)
    return speed


def main() -> None:
    parser = argparse.ArgumentParser(description="PDF pages per second, ours against the stock reader.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=1_000, help="only the first so many")
    arguments = parser.parse_args()
    files = sorted(arguments.folder.glob("*.pdf"))[: arguments.files]
    own = time_loading("ours, one process, loaded", load_in_one_process, files)
    pool = time_loading("ours, worker pool, loaded and split", load_in_the_pool, files)
    theirs = time_loading("stock (SimpleDirectoryReader, pypdf)", load_by_stock, files)
    print(f"ratio: {own / theirs:.1f} in one process, {pool / theirs:.1f} with the pool")


if __name__ == "__main__":
    main()
