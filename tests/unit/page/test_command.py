from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from page.command import main

ROOT = Path(__file__).parents[3]
COMMANDS = ("ask", "search", "ingest", "status", "check", "eval", "serve", "mcp")


@pytest.mark.parametrize("place", [Path.home, lambda: Path("/")], ids=["home", "root"])
def test_a_home_folder_or_a_whole_disk_is_not_taken(here, place, monkeypatch, capsys):
    monkeypatch.chdir(place())
    assert main(["--headless"]) == 2
    assert "There is no folder corpus here" in capsys.readouterr().err


def test_a_folder_that_does_not_exist_is_one_sentence(here: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["page", "--corpus", "nowhere"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_calls_itself_as_it_was_called(command, capsys):
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: pagewise {command} ")
    assert "python -m" not in shown


def test_the_help_names_every_command_and_the_options_of_the_page(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    shown = capsys.readouterr().out
    assert [f"\n  {command} " in shown for command in COMMANDS] == [True] * len(COMMANDS)
    assert "--headless" in shown


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"pagewise {version('pagewise')}\n"


def test_what_is_no_command_is_wrong_usage(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["papers"])
    assert "no command 'papers'" in capsys.readouterr().err
