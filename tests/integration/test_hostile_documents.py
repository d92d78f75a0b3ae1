"""Documents, file names and answers that attack the terminal, through both commands."""

from __future__ import annotations

import json
import re

import pytest

from ingest.__main__ import main as ingest
from rag.__main__ import main as rag
from tests.attacks import ATTACKS, SUBJECTS, write_attacks
from tests.endpoint import model_server

DANGEROUS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e0fff]")


@pytest.fixture(scope="module")
def place(models_dir, tmp_path_factory):
    """The options for a corpus of attacks that is indexed."""
    root = tmp_path_factory.mktemp("attacks")
    (root / "corpus").mkdir()
    write_attacks(root / "corpus")
    (root / "corpus" / "broken\x1b[31m\u202e.pdf").write_bytes(b"%PDF-1.4 broken")
    (root / "index").mkdir()
    (root / "index" / "models").symlink_to(models_dir)
    options = ["--corpus", str(root / "corpus"), "--index", str(root / "index")]
    assert ingest(options) == 1
    return options


def run(command, *arguments, capsys):
    """What it shows, standard output and standard error together."""
    command(list(arguments))
    shown = capsys.readouterr()
    return shown.out + shown.err


@pytest.mark.parametrize("arguments", [["--retry"], ["--dry-run", "--rebuild"], ["status"]], ids=" ".join)
def test_no_file_name_and_no_reason_steers_the_terminal(place, capsys, arguments):
    shown = run(ingest, *arguments, *place, capsys=capsys)
    assert shown
    assert not DANGEROUS.search(shown)


def test_a_hostile_name_is_told_by_its_codes(place, capsys):
    assert "Not indexed: broken‹U+001B›[31m‹U+202E›.pdf: " in run(ingest, "status", *place, capsys=capsys)


@pytest.mark.parametrize("subject", [*SUBJECTS, "register"])
def test_what_is_found_does_nothing_to_the_terminal(place, capsys, subject):
    shown = run(rag, "search", f"What is about the {subject}?", "--top-k", "16", *place, capsys=capsys)
    assert shown.count(f"It is about the {subject}.") > 4
    assert not DANGEROUS.search(shown)


def test_json_has_the_text_as_it_is_and_does_nothing_to_the_terminal(place, capsys):
    attack = next(attack for attack in ATTACKS if attack.name == "override")
    shown = run(rag, "search", "price euros", "--json", *place, capsys=capsys)
    assert not DANGEROUS.search(shown)
    assert any(attack.text in hit["text"] for hit in json.loads(shown)["hits"])


def test_an_answer_does_nothing_to_the_terminal(place, capsys, monkeypatch):
    def attack(exchange):
        exchange.begin_stream()
        # A turn of somebody else would end the answer, and so would the same word again and again.
        shown = (one for one in ATTACKS if one.name == "marker" or (one.for_all and not one.for_model))
        for number, one in enumerate(shown):
            exchange.send_text(f" {number}: ")
            for start in range(0, len(one.text), 3):
                exchange.send_text(one.text[start : start + 3])
        exchange.send_text("It is about the gazette [1].", finish="stop")
        exchange.send_event("[DONE]")

    with model_server(attack) as (address, _):
        monkeypatch.setenv("BASE_URL", address)
        monkeypatch.setenv("MODEL", "tiny")
        shown = run(rag, "ask", "What is about the gazette?", *place, capsys=capsys)
    assert "\n[1] " in shown
    assert "The vault is open" in shown
    assert not DANGEROUS.search(shown)
