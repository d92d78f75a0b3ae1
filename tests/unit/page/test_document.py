from __future__ import annotations

import pytest

from page.uploads import find_corpus_file


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "corpus"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a b.md").write_text("a")
    return folder


def test_a_source_is_its_file(corpus):
    assert find_corpus_file(corpus, "sub/a b.md") == (corpus / "sub" / "a b.md").resolve()


@pytest.mark.parametrize("source", ["../secret.txt", "sub/../../secret.txt", "/etc/passwd", "", "sub", "none", "\0"])
def test_what_is_no_file_of_the_corpus_is_nothing(corpus, source):
    assert find_corpus_file(corpus, source) is None


def test_a_link_that_leads_out_of_the_corpus_is_nothing(corpus):
    try:
        (corpus / "link.txt").symlink_to(corpus.parent / "secret.txt")
    except OSError:
        pytest.skip("This system makes no symbolic links for this user.")
    assert find_corpus_file(corpus, "link.txt") is None
