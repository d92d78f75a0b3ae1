"""One question as --debug tells it: from its search to its answer under one id, and without a word of any text."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.endpoint import Exchange, model_server

KEY = "sk-0123456789abcdef"
QUESTION = "How often must the boiler be descaled?"
PASSAGE = "Descale the boiler every 90 days, says Marigold Quist."


@pytest.fixture
def folder(tmp_path, models_dir):
    shutil.copytree(models_dir, tmp_path / "index" / "models")
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "boiler.md").write_text(PASSAGE, "utf-8")
    return tmp_path


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *arguments, "--index", str(folder / "index"), "--corpus", str(folder / "corpus")]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


def test_debug_follows_a_question_and_tells_no_text_and_no_key(folder):
    def reply(exchange: Exchange) -> None:
        # It refuses once, with all of the request and the key; then it answers.
        if "temperature" in exchange.body:
            said = f"temperature is not supported: {exchange.headers['authorization']} {exchange.body}"
            exchange.send_body(json.dumps({"error": {"message": said}}), status=400)
            return
        exchange.begin_stream()
        exchange.send_text("Every 90 days [1].", "stop")
        exchange.send_event("[DONE]")

    read = run(folder, "ingest", "--debug")
    assert "ingest.intake: file read source=boiler.md" in read.stderr
    assert re.search(r"ingest.sync: synced failed=0 .* added=1 ", read.stderr)
    with model_server(reply) as (url, _):
        asked = run(folder, "rag", "ask", QUESTION, "--debug", BASE_URL=url, API_KEY=KEY, MODEL="tiny")
    lines = re.findall(r"^[\d:.]{12} (\S+) +([\w.]+: [\w ]+)", asked.stderr, re.M)
    mine = [step.split(": ")[1] for request, step in lines if request != "-"]
    assert len({request for request, _ in lines} - {"-"}) == 1
    begun = ["searched", "routed", "model asked", "model refused", "model asked", "model finished", "answered"]
    assert [next(step for step in begun if one.startswith(step)) for one in mine] == begun
    assert "Every 90 days" in asked.stdout
    for told in (asked.stderr, read.stderr):
        assert not re.search(r"Marigold|descale|90 days|0123456789", told, re.IGNORECASE)


_WRITE = """
import logging, sys
from pathlib import Path
from rag.logs.shared_file import SharedFile
handler = SharedFile(Path(sys.argv[1]), 2_000)
for number in range(60):
    handler.emit(logging.makeLogRecord({"msg": f"{sys.argv[2]} {number:03} " + "x" * 60}))
"""


def test_two_processes_share_a_file_that_is_put_away_when_full(tmp_path):
    path = tmp_path / "log"
    writers = [subprocess.Popen([sys.executable, "-c", _WRITE, str(path), name]) for name in ("one", "two")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    kept = sorted(tmp_path.iterdir())
    assert [one.name for one in kept] == ["log", "log.1", "log.2", "log.3", "log.4"]
    assert all(one.stat().st_size < 2_300 for one in kept)
    lines = [line for one in kept for line in one.read_text("utf-8").splitlines()]
    assert {line[8:] for line in lines} == {"x" * 60}  # none is cut or mixed
    assert "059" in {line[4:7] for line in lines}
