"""What a document shows but doesn't hold as text is asked for: without a model, by `python -m rag ask`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.layout.drawing import make_pdf, write_across, write_lines
from tests import files

ROOT = Path(__file__).parents[2]


def _make_lease() -> bytes:
    """Numbered clauses, as LibreOffice writes them."""
    levels = "".join(
        f'<text:list-level-style-number text:level="{level}" style:num-format="1" text:display-levels="{level}"/>'
        for level in (1, 2)
    )
    automatic = f'<text:list-style style:name="L1">{levels}</text:list-style>'
    clauses = [
        ("Premises", ["The tenant rents the boathouse at the mill pond.", "Two keys are handed over."]),
        ("Duties", ["The landlord mends the slipway.", "The tenant clears the gutters every October."]),
        ("Notice", ["Notice is given by letter.", "The deposit is paid back after sixty days."]),
    ]
    items = "".join(
        f"<text:list-item><text:p>{name}</text:p><text:list>"
        + "".join(f"<text:list-item><text:p>{clause}</text:p></text:list-item>" for clause in inner)
        + "</text:list></text:list-item>"
        for name, inner in clauses
    )
    heading = '<text:h text:outline-level="1">Boathouse lease</text:h>'
    body = f'{heading}<text:list text:style-name="L1">{items}</text:list>'
    return files.opendocument("text", f"<office:text>{body}</office:text>", automatic=automatic)


def _make_form() -> bytes:
    """A group of radio buttons whose options are named on the page alone."""
    texts = [
        (70, 720, 14, "Membership of the rowing club"),
        (70, 660, 10, "How is the membership fee paid?"),
        (86, 641, 10, "by standing order"),
        (86, 621, 10, "in cash at the boathouse"),
    ]
    pictures = "/AP << /N << /{} 3 0 R /Off 3 0 R >> >>"
    widget = f"<< /Type /Annot /Subtype /Widget /Rect [70 {{}} 80 {{}}] /Parent 7 0 R /AS /{{}} {pictures} >>"
    extra = (
        "<< /FT /Btn /Ff 49152 /T (fee) /TU (Membership fee) /V /1 /Kids [8 0 R 9 0 R] >>",
        widget.format(640, 650, "Off", "0"),
        widget.format(620, 630, "1", "1"),
    )
    data = files.pdf([texts], catalog="/AcroForm << /Fields [7 0 R] >>", extra=extra)
    return data.replace(b"/MediaBox [0 0 612 792]", b"/MediaBox [0 0 612 792] /Annots [8 0 R 9 0 R]")


def _make_table() -> bytes:
    """A table without lines, in which some cells are empty."""
    rows = [
        ("Ferry", "Built", "Cars", "Crew"),
        ("Alma", "1988", "", "14"),
        ("Berta", "", "60", "11"),
        ("Clara", "2004", "75", ""),
    ]
    words = write_lines(72, 720, ["Ferries of the river company"]) + write_across((72, 200, 300, 400), 690, rows)
    return make_pdf([words])


@pytest.fixture(scope="module")
def index(models_dir, tmp_path_factory):
    folder = tmp_path_factory.mktemp("layout")
    shutil.copytree(models_dir, folder / "index" / "models")
    corpus = folder / "corpus"
    corpus.mkdir()
    for name, data in (("lease.odt", _make_lease()), ("form.pdf", _make_form()), ("ferries.pdf", _make_table())):
        (corpus / name).write_bytes(data)
    made = _run("ingest", "--index", str(folder / "index"), "--corpus", str(corpus), "--json")
    assert json.loads(made.stdout)["failed"] == []
    return str(folder / "index")


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "BASE_URL": "http://127.0.0.1:9"}
    return subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, env=env, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("question", "source", "quoted"),
    [
        ("What does section 2.2 of the lease say?", "lease.odt", "2.2 The tenant clears the gutters every October."),
        ("How is the membership fee paid?", "form.pdf", "Membership fee: in cash at the boathouse"),
        (
            "How large is the crew of the ferry Alma?",
            "ferries.pdf",
            "| Ferry | Built | Cars | Crew |\n| --- | --- | --- | --- |\n| Alma | 1988 |  | 14 ",
        ),
    ],
)
def test_what_is_only_shown_is_found_and_quoted(index, question, source, quoted):
    reply = json.loads(_run("rag", "ask", "--json", "--index", index, question).stdout)
    assert reply["route"] == "quotes"
    assert quoted in reply["answer"]
    assert source in {citation["source"] for citation in reply["citations"]}
