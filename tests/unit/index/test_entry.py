"""What the lexical index takes in of a chunk."""

from __future__ import annotations

import pytest

from rag.index.lexical.entry import REPEATS, LexicalEntry, make_fields
from rag.text.terms import question_terms


def test_a_name_of_two_likely_languages_is_found_in_both():
    """'Wifi guest password' is taken for Italian, whose stemmer makes 'wif' of its first word."""
    fields = make_fields(LexicalEntry(1, "Notes/Wifi guest password.md", 0, "", "", "heron-pickle-42"))
    assert {"wif", "wifi", "guest", "password"} <= set(str(fields["terms"]).split())


@pytest.mark.parametrize(
    ("source", "language", "question"),
    [
        ("Haus/Versicherung Nr.txt", "de", "Nummern der Versicherungen"),
        ("Contraseñas/Llaves_del_garaje.txt", "es", "llave"),
        ("Ключи/Коды дверей.txt", "ru", "дверь"),
    ],
)
def test_the_name_of_a_note_of_codes_is_found_in_its_own_language(source, language, question):
    fields = make_fields(LexicalEntry(1, source, 0, "", "", "HV-4402-771-9, Tel. 0800 33 44"))
    assert fields["language"] == language
    terms = str(fields["terms"]).split()
    assert {terms.count(term) for term in question_terms(question, [language])} & {REPEATS}
