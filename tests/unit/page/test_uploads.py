from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from page.uploads import LateUploads, keep_upload, make_safe_name, take_back_upload
from rag.errors import SettingsError
from rag.index.catalog.records import Failure


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    return folder


@pytest.fixture
def upload(tmp_path):
    def make(text):
        path = tmp_path / "upload"
        path.write_text(text, "utf-8")
        return path

    return make


def test_a_file_is_kept_under_its_name(corpus, upload):
    assert keep_upload(corpus, "report.txt", upload("new")) == ("report.txt", True)
    assert (corpus / "report.txt").read_text("utf-8") == "new"


def test_another_file_of_the_same_name_is_numbered_and_nothing_is_overwritten(corpus, upload):
    sources = [keep_upload(corpus, "report.tar.gz", upload(text)).source for text in ("one", "two", "three")]
    assert sources == ["report.tar.gz", "report.tar (2).gz", "report.tar (3).gz"]
    assert [(corpus / source).read_text("utf-8") for source in sources] == ["one", "two", "three"]


def test_what_is_taken_back_is_the_file_that_came_and_no_other(corpus, upload):
    content = upload("broken")
    assert take_back_upload(corpus, keep_upload(corpus, "a.pdf", content).source, content)
    assert list(corpus.iterdir()) == []
    (corpus / "a.pdf").write_text("mended", "utf-8")
    assert not take_back_upload(corpus, "a.pdf", content)
    assert (corpus / "a.pdf").read_text("utf-8") == "mended"


def fail(source):
    return Failure(source, "is no PDF", "failed", 1.0)


def test_an_upload_that_fails_late_is_taken_back_and_one_that_was_read_stays(corpus, upload):
    late = LateUploads(corpus)
    for name in ("bad.pdf", "good.pdf", "slow.pdf"):
        late.note(keep_upload(corpus, name, upload(name)).source, [])
    (corpus / "own.pdf").write_text("from the user's own hand")
    failures = [fail("bad.pdf"), fail("own.pdf")]
    assert late.settle(failures, lambda source: source == "good.pdf") == ["bad.pdf"]
    assert {path.name for path in corpus.iterdir()} == {"good.pdf", "slow.pdf", "own.pdf"}
    assert late.settle([fail("good.pdf"), fail("slow.pdf")], lambda source: False) == ["slow.pdf"]
    assert {path.name for path in corpus.iterdir()} == {"good.pdf", "own.pdf"}


def test_a_late_failure_of_before_or_of_another_file_takes_nothing_back(corpus, upload):
    late = LateUploads(corpus)
    late.note(keep_upload(corpus, "a.pdf", upload("new")).source, [fail("a.pdf")])
    assert late.settle([fail("a.pdf")], lambda source: False) == []
    (corpus / "a.pdf").write_text("changed by its user")
    assert late.settle([Failure("a.pdf", "is no PDF", "failed", 2.0)], lambda source: False) == []
    assert (corpus / "a.pdf").read_text() == "changed by its user"


def test_the_same_file_again_is_not_kept_twice(corpus, upload):
    assert [keep_upload(corpus, "a.txt", upload("same")) for _ in range(2)] == [("a.txt", True), ("a.txt", False)]
    assert len(list(corpus.iterdir())) == 1


def test_without_a_corpus_folder_the_error_says_what_to_do(tmp_path, upload):
    with pytest.raises(SettingsError, match="RAG_CORPUS_DIR"):
        keep_upload(tmp_path / "gone", "a.txt", upload("x"))


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        (".bashrc", "bashrc"),
        ("~$draft.docx", "$draft.docx"),
        ("a:b|c?.txt", "a_b_c_.txt"),
        ("con.txt", "_con.txt"),
        ("console.txt", "console.txt"),
        ("line\nbreak.txt", "line_break.txt"),
        ("..", "document"),
        ("", "document"),
        ("Ärger & Söhne.pdf", "Ärger & Söhne.pdf"),
        ("x" * 300 + ".pdf", "x" * 108 + ".pdf"),
    ],
)
def test_a_name_is_made_safe(name, safe):
    assert make_safe_name(name) == safe


@given(st.text())
def test_a_safe_name_is_one_visible_file_of_the_folder_and_stays_as_it_is(name):
    safe = make_safe_name(name)
    assert safe
    assert "/" not in safe
    assert "\\" not in safe
    assert not safe.startswith(".")
    assert len(safe.encode("utf-8", "surrogatepass")) < 250 or not safe.isascii()
    assert make_safe_name(safe) == safe
