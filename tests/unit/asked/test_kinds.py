from __future__ import annotations

import pytest

from bench.kinds import QUESTIONS, find_answering_kind, read_questions
from rag.asked.collection import find_folder
from rag.asked.kinds import find_kind
from rag.asked.naming import Named

NAMES = [Named(*line.split("\t")) for line in (QUESTIONS / "names.txt").read_text("utf-8").splitlines()]
LABELLED = [*read_questions(QUESTIONS / "tuned.tsv"), *read_questions(QUESTIONS / "fresh.tsv")]


def test_our_labelled_questions_are_of_the_kind_that_their_label_says():
    wrong = [one for one in LABELLED if find_answering_kind(one[2], NAMES) != one[0]]
    assert len(LABELLED) > 390
    assert wrong == []


def test_the_language_is_that_of_the_question():
    asked = [(find_kind(text), language, text) for kind, language, text in LABELLED if kind != "passages"]
    wrong = [text for found, language, text in asked if found.kind != "passages" and found.language != language]
    assert wrong == []


@pytest.mark.parametrize(
    ("question", "look", "topic", "since", "file_type"),
    [
        ("Which files could not be read?", "failed", "", "", ""),
        ("how many PDFs are there", "count", "", "", "pdf"),
        ("Wie viele PDF-Dateien habe ich?", "count", "", "", "pdf"),
        ("Wie viele Word-Dokumente gibt es?", "count", "", "", "word"),
        ("which xls files are in the folder?", "list", "", "", "xls"),
        ("what is new since 2026-11-03?", "new", "", "2026-11-03", ""),
        ("Was ist neu seit 3. November 2026?", "new", "", "2026-11-03", ""),
        ("2026年11月3日以来有什么新文件？", "new", "", "2026-11-03", ""),
        ("anything about the garden shed", "about", "garden shed", "", ""),
        ("有没有关于锅炉的文件？", "about", "锅炉", "", ""),
        ("How many documents mention the boiler of the garden shed?", "words", "boiler garden shed", "", ""),
        ("in welchen Dateien kommt das Wort Kaution vor?", "words", "Kaution", "", ""),
        ("「保証金」という言葉を含むファイルはどれですか？", "words", "保証金", "", ""),
        ("哪些文件包含“保险”一词？", "words", "保险", "", ""),
        ("ボイラーについて何かありますか", "about", "ボイラー", "", ""),
    ],
)
def test_what_is_asked_of_the_collection_is_read_too(question, look, topic, since, file_type):
    asked = find_kind(question)
    assert asked.kind == "collection"
    assert (asked.look, asked.topic, asked.since, asked.file_type) == (look, topic, since, file_type)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("How many files are in the folder contracts?", "contracts"),
        ("Was liegt im Ordner „2025/Rechnungen“?", "2025/Rechnungen"),
        ("contractsフォルダにはどんなファイルがありますか？", "contracts"),
        ("What is in the folder contract?", None),
    ],
)
def test_a_folder_is_found_by_its_name(question, found):
    scope = find_folder(question, ["contracts/a.pdf", "2025/Rechnungen/b.pdf", "c.txt"])
    assert (scope and scope[1]) == found
    assert scope is None or find_kind(scope[0]).kind == "collection"


@pytest.mark.parametrize(
    "question",
    [
        "",
        "documents",
        "Is every invoice paid within 30 days?",
        "hello world program in Rust",
        "thanks to the new pump",
        "Tell me a story about a farmer who " + "walked and " * 40,
    ],
)
def test_in_doubt_it_is_a_question_to_the_passages(question):
    assert find_kind(question).kind == "passages"
