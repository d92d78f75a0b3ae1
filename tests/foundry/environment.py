"""A folder as Foundry Local leaves it after a download, and a model catalog that answers "not found" at once.

The format of the two JSON files is the runtime's own business; they are as version 2.2.1 writes and reads them.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.foundry.extractive_model import CONTEXT_LENGTH


def lay_out_downloaded(data_dir: Path, models: Mapping[str, Path], context_length: int = CONTEXT_LENGTH) -> None:
    """Make `data_dir` look as if each alias had been downloaded from the catalog; for the ids see `model_id`."""
    cache = data_dir / "cache" / "models"
    for alias, folder in models.items():
        here = cache / "Tests" / f"{alias}-generic-cpu-1" / "v1"
        shutil.copytree(folder, here)
        (here / "inference_model.json").write_text(json.dumps({"Name": model_id(alias)}), encoding="utf-8")
    listed = {"version": 1, "savedAtUnix": 0, "models": [catalog_entry(alias, context_length) for alias in models]}
    cache.mkdir(parents=True, exist_ok=True)
    (cache / "foundry.modelinfo.json").write_text(json.dumps(listed), encoding="utf-8")


def model_id(alias: str) -> str:
    """The full id that the runtime wants in requests."""
    return f"{alias}-generic-cpu:1"


def catalog_entry(alias: str, context_length: int = CONTEXT_LENGTH) -> dict[str, object]:
    name = f"{alias}-generic-cpu"
    return {
        "alias": alias,
        "id": model_id(alias),
        "name": name,
        "version": 1,
        "uri": f"azureml://registries/azureml/models/{name}/versions/1",
        "providerType": "FoundryLocal",
        "modelType": "ONNX",
        "task": "chat-completion",
        "runtime": {"deviceType": "CPU", "executionProvider": "CPUExecutionProvider"},
        "stringProperties": {"task": "chat-completion"},
        "intProperties": {"context_length": context_length},
    }


@contextmanager
def absent_catalog() -> Iterator[str]:
    """The URL of a catalog that isn't there. A refused connection would cost four seconds of retries, a 404 none."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _NotFound)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class _NotFound(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(404)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass
