"""The package as a user installs it: a wheel, in an environment of its own, called in a folder of documents."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.serving import ROOT, Server, free_port, is_settled, stop
from tests.e2e.talking import Chat

DOCUMENTS = {
    "boiler.md": "# Boiler\n\nDescale the boiler every six months.\n",
    # Documents too. Were one of them imported in place of the library or of our code, that would fail.
    "json.py": "raise SystemExit('a document was run')\n",
    "ingest.py": "raise SystemExit('a document was run')\n",
}
QUESTION = "How often must I descale the boiler?"


def _run_uv(*arguments: str) -> None:
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        pytest.skip("Building and installing the package needs uv on the PATH.")
    done = subprocess.run([uv, "--quiet", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the command `pagewise`. What it depends on is borrowed from the environment of the tests."""
    folder = tmp_path_factory.mktemp("installed")
    _run_uv("build", "--wheel", "--out-dir", str(folder))
    _run_uv("venv", "--python", sys.executable, str(folder / "venv"))
    kind = "nt_venv" if os.name == "nt" else "posix_venv"
    paths = {name: sysconfig.get_path(name, kind, {"base": str(folder / "venv")}) for name in ("purelib", "scripts")}
    Path(paths["purelib"], "borrowed.pth").write_text(sysconfig.get_path("purelib"), "utf-8")
    (wheel,) = folder.glob("*.whl")
    _run_uv("pip", "install", "--no-deps", "--python", str(folder / "venv"), str(wheel))
    return Path(paths["scripts"])


def _make_environment(**settings: str) -> dict[str, str]:
    """Nothing of this process's that tells where our code is, or how it is to behave; no model that answers."""
    own = re.compile(r"(RAG|CHAINLIT)_|CI$|PYTHON|VIRTUAL_ENV")
    inherited = {name: value for name, value in os.environ.items() if not own.match(name)}
    settings = {"BASE_URL": "http://127.0.0.1:9", **settings}
    return {**inherited, **settings, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}


@pytest.fixture(scope="module")
def folder(programs: Path, models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of documents, read in."""
    folder = tmp_path_factory.mktemp("documents")
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text, "utf-8")
    shutil.copytree(models_dir, folder / ".rag" / "models")  # spares half a minute
    assert _read(programs, folder, "ingest")["added"] == len(DOCUMENTS)
    return folder


def _read(programs: Path, folder: Path, *arguments: str) -> Any:
    """What a command of the installed package gives as JSON."""
    command = [str(programs / "pagewise"), *arguments, "--json"]
    done = subprocess.run(command, cwd=folder, env=_make_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_commands_work_on_the_folder_in_which_they_are_called(programs: Path, folder: Path):
    assert _read(programs, folder, "status")["documents"] == len(DOCUMENTS)
    assert _read(programs, folder, "search", QUESTION)["hits"][0]["source"] == "boiler.md"
    assert "every six months. [1]" in _read(programs, folder, "ask", QUESTION)["answer"]
    assert _read(programs, folder, "ingest")["unchanged"] == len(DOCUMENTS)
    assert _read(programs, folder, "check")["damage"] == []


@pytest.mark.parametrize("arguments", [["rag", "search", QUESTION], ["ingest", "status"]])
def test_they_give_what_those_of_a_checkout_give(programs: Path, folder: Path, arguments: list[str]):
    place = ["--corpus", str(folder), "--index", str(folder / ".rag"), "--json"]
    command = [sys.executable, "-m", *arguments, *place]
    given = subprocess.run(command, cwd=ROOT, env=_make_environment(), stdout=subprocess.PIPE, text=True, check=True)
    theirs, ours = json.loads(given.stdout), _read(programs, folder, *arguments[1:])
    timed = {name for name in ours if "milliseconds" in name}
    assert {**theirs, **dict.fromkeys(timed)} == {**ours, **dict.fromkeys(timed)}


@pytest.fixture
def server(programs: Path, folder: Path, tmp_path: Path) -> Iterator[Server]:
    port = free_port()
    log = tmp_path / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(programs / "pagewise"), "--headless", "--port", str(port)],
            cwd=folder,
            env=_make_environment(TMPDIR=str(tmp_path)),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    server = Server(f"http://127.0.0.1:{port}", folder, log, process)
    try:
        server.wait_until_up()
        yield server
    finally:
        stop(process)


def test_the_page_opens_on_that_folder_and_leaves_nothing_but_its_index(
    server: Server, folder: Path, programs: Path, open_chat: Callable[..., Chat], tmp_path: Path
):
    package = {path: path.stat().st_mtime_ns for path in programs.parent.rglob("*")}
    assert server.wait_until(is_settled)["corpus"]["documents"] == len(DOCUMENTS)
    chat = open_chat(server.url)
    answer = chat.ask(QUESTION)
    expect(answer).to_contain_text("every six months")
    chat.open_source(answer)
    expect(chat.panel).to_contain_text("boiler.md")
    chat.page.get_by_role("button", name="Help", exact=True).click()
    expect(chat.page.get_by_role("dialog")).to_contain_text("the answer comes from your own documents")
    assert chat.problems == []
    stop(server.process)
    assert {path.name for path in folder.iterdir()} == {*DOCUMENTS, ".rag"}
    assert [path.name for path in tmp_path.iterdir()] == ["server.log"]
    assert {path: path.stat().st_mtime_ns for path in programs.parent.rglob("*")} == package
    assert f"Documents: {folder.resolve()}" in server.log.read_text("utf-8")
