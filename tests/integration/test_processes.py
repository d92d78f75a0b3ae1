"""What a child process runs, whatever lies in the folder that it is called in."""

from __future__ import annotations

import subprocess

from rag.processes import make_command, make_environment


def test_a_child_runs_our_code_and_nothing_from_the_folder_that_it_is_called_in(tmp_path):
    for name in ("ingest", "rag", "json"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a document was run')", "utf-8")
    command, environment = make_command("ingest"), make_environment(PYTHONUTF8="1")
    shown = subprocess.run([*command, "--help"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert environment["PYTHONUTF8"] == "1"
