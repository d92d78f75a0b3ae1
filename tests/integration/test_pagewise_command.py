"""The command `pagewise` in a process of its own: which documents it takes, and what it imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def find_corpus() -> Path:
    """The corpus of a command that was called here, in a process of its own, and has failed for want of an index."""
    code = "from page.command import Settings, main; print(main(['search', 'anything']), Settings.load().corpus_dir)"
    exit_code, _, corpus = run_code(Path.cwd(), code).partition(" ")
    assert exit_code == "3"
    return Path(corpus)


def run_code(folder: Path, code: str) -> str:
    """The last line that it prints."""
    command = [sys.executable, "-c", code]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    shown = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    return shown.splitlines()[-1]


def test_the_documents_are_those_of_the_current_folder(here: Path):
    assert find_corpus() == here


def test_a_folder_named_corpus_goes_before_the_current_one(here: Path):
    (here / "corpus").mkdir()
    assert find_corpus() == Path("corpus")


def test_a_setting_goes_before_the_current_folder(here: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RAG_CORPUS_DIR", "elsewhere")
    assert find_corpus() == Path("elsewhere")


@pytest.mark.parametrize("named", ["elsewhere", "corpus"])
def test_so_does_a_file_with_settings(here: Path, named: str):
    (here / ".env").write_text(f"RAG_CORPUS_DIR={named}\n", "utf-8")
    assert find_corpus() == Path(named)


LIST_MODULES = """
import json, sys
from {module} import main
main({arguments})
print(json.dumps(sorted(sys.modules)))
"""


def list_modules(folder: Path, module: str, *arguments: str) -> set[str]:
    """What is imported by a command that ends with a message, since there is no index."""
    return set(json.loads(run_code(folder, LIST_MODULES.format(module=module, arguments=[*arguments]))))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (["search", "anything"], ["rag.__main__", "search", "anything"]),
        (["status"], ["ingest.__main__", "status"]),
    ],
)
def test_no_command_imports_more_than_it_needs(tmp_path: Path, ours: list[str], theirs: list[str]):
    (tmp_path / "corpus").mkdir()
    more = list_modules(tmp_path, "page.command", *ours) - list_modules(tmp_path, *theirs)
    assert more <= {"page", "page.command", theirs[0], "shutil", "ingest", "rag"}
