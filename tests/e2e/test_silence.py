"""Nothing is sent anywhere: by ingest, search and ask with Foundry Local's genuine runtime, nor by the page.

Python's own connections are heard by an audit hook in every process. All else, such as the runtime's native code, would
ask the proxy of the environment, which refuses and remembers.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.asking import open_socket
from tests.e2e.serving import ROOT, is_settled, serving
from tests.endpoint import Exchange, model_server

QUESTION = "What does error E2 of the kettle mean?"

_LISTENER = """
import os, sys
def listen(event, arguments):
    if event == "socket.connect":
        target = arguments[1][0] if isinstance(arguments[1], tuple) else ""
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        target = arguments[0]
    elif event == "socket.sendto":
        target = arguments[1][0] if isinstance(arguments[1], tuple) else ""
    else:
        return
    target = target.decode() if isinstance(target, bytes) else target
    if target and not target.startswith("127.") and target not in ("localhost", "::1", "0.0.0.0", "::"):
        with open(os.environ["HEARD"], "a") as heard:
            heard.write(f"{event} {target} {sys.argv[:3]}\\n")
sys.addaudithook(listen)
"""


class Refusing(Exchange):
    """A proxy that passes nothing on."""

    def handle_one_request(self) -> None:
        line = self.rfile.readline(65_536).decode("latin-1").strip()
        if line:
            self.bodies.append({"asked": line})
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        self.close_connection = True


@pytest.fixture
def heard(tmp_path: Path) -> Path:
    """A file with what was heard, which has to be empty in the end."""
    (tmp_path / "ear").mkdir()
    (tmp_path / "ear" / "sitecustomize.py").write_text(_LISTENER, "utf-8")
    (tmp_path / "heard").touch()
    return tmp_path / "heard"


def test_no_command_and_no_page_reaches_out(
    tmp_path: Path, models_dir: Path, foundry_environment: dict[str, str], heard: Path
):
    folder = tmp_path / "reader"
    shutil.copytree(ROOT / "corpus", folder / "corpus")
    with model_server(lambda exchange: None, handler=Refusing) as (proxy, asked):
        proxies = {name: proxy for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy")}
        silence = {
            **foundry_environment,
            **proxies,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "PYTHONPATH": os.pathsep.join([str(heard.parent / "ear"), str(ROOT)]),
            "HEARD": str(heard),
        }
        with serving(folder, models_dir, silence) as server:
            server.wait_until(is_settled)
            with open_socket(server) as chat:
                assert any("lid" in reply for reply in chat.ask(QUESTION))
        for arguments in (["ingest"], ["rag", "search", QUESTION], ["rag", "ask", QUESTION]):
            places = ["--corpus", str(folder / "corpus"), "--index", str(folder / "index")]
            command = [sys.executable, "-m", *arguments, *places]
            done = subprocess.run(command, env={**os.environ, **silence}, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
        assert "on this machine" in done.stderr
        assert list(asked) == []
    assert heard.read_text("utf-8") == ""


def test_whoever_reaches_out_is_heard(tmp_path: Path, heard: Path):
    """The proof of the proof: both ears hear."""
    reach = "import urllib.request as r; r.urlopen('http://somewhere.example/', timeout=5)"
    with model_server(lambda exchange: None, handler=Refusing) as (proxy, asked):
        listening = {"PYTHONPATH": str(heard.parent / "ear"), "HEARD": str(heard)}
        for environment in ({"http_proxy": proxy}, {"http_proxy": ""}):
            subprocess.run([sys.executable, "-c", reach], env={**os.environ, **listening, **environment}, check=False)
        assert [request["asked"] for request in asked] == ["GET http://somewhere.example/ HTTP/1.1"]
    assert "getaddrinfo somewhere.example" in heard.read_text("utf-8")
