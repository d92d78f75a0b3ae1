import pytest

from rag.ranking.definitions import find_identifiers, is_defined_in


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("What does nextInvoiceNumber do?", {"nextInvoiceNumber"}),
        ("where is SessionStore defined", {"SessionStore"}),
        ("purge_expired", {"purge_expired"}),
        ("What does `run` return, and close()?", {"run", "close"}),
        ("Who is the treasurer of the sailing club?", set()),
        ("What did iTunes and E2 cost in 2023?", {"iTunes"}),
    ],
)
def test_identifiers_are_told_from_words(question, names):
    assert find_identifiers(question) == names


@pytest.mark.parametrize(
    "text",
    [
        "class SessionStore:",
        "    def SessionStore(self):",
        "pub struct SessionStore<T> {",
        "export const SessionStore = 3;",
        "func (s *Server) SessionStore(w int) {",
        "x = 1\nSessionStore: Final = 900",
    ],
)
def test_definitions_are_found_in_several_languages(text):
    assert is_defined_in({"SessionStore", "other"}, text)


@pytest.mark.parametrize(
    "text",
    [
        "from auth import SessionStore",
        "store = SessionStore(1800)",
        "class SessionStores:",
        "if SessionStore == None",
        "The SessionStore keeps sessions.",
    ],
)
def test_uses_are_no_definitions(text):
    assert not is_defined_in({"SessionStore"}, text)
