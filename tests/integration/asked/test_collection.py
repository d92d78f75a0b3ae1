"""What is asked of the collection is answered from the catalog, so the counts and names are those of the folder."""

from __future__ import annotations

from rag.answering.events import Quoted, Retrieved, Token, Told
from rag.errors import IndexDamagedError
from rag.index.index import Index
from rag.index.snapshot import Snapshot
from rag.types import Restriction

DOCUMENTS = {
    "flat/lease.txt",
    "flat/house-rules.md",
    "minutes/minutes-2026-03-12.md",
    "minutes/minutes-2026-04-09.md",
    "invoices/invoice-17.txt",
    "invoices/invoice-18.txt",
    "saga.txt",
}


def test_the_documents_are_listed_and_counted_and_each_one_opens(desk):
    report = desk.report("What documents do I have?")
    assert (report.kind, report.outcome, report.model) == ("collection", "answered", None)
    assert {row["source"] for row in report.table} == DOCUMENTS == {one.source for one in report.citations}
    assert report.counts == {
        "documents": 7,
        "types": {"txt": 4, "md": 3},
        "folders": {"flat": 2, "invoices": 2, "minutes": 2},
        "failed": 1,
    }
    assert report.answer.startswith("Documents: 7.")
    assert desk.report("wie viele Dokumente gibt es?").answer.startswith("Dokumente: 7.")
    assert desk.report("how many CSV files are there?").counts == {"documents": 0}


def test_filters_say_of_which_documents(desk):
    only = Restriction(folder="flat")
    assert desk.report("which files are there?", only=only).counts["documents"] == 2
    assert desk.report("which files could not be read?", only=only).counts == {"failed": 0}
    assert desk.report("what is new since yesterday?", only=Restriction(file_type="md")).counts["documents"] == 3


def test_what_is_new_and_what_could_not_be_read_is_told_with_dates_and_reasons(desk):
    new = desk.report("quoi de nouveau depuis hier ?")
    assert new.answer.startswith("Nouveaux ou modifiés depuis le ")
    assert {row["source"] for row in new.table} == DOCUMENTS
    failed = desk.report("哪些文件无法读取？")
    assert failed.answer.startswith("无法读取的文件：1 个。")
    assert [row["source"] for row in failed.table] == ["broken.pdf"]
    assert failed.table[0]["reason"] in failed.answer


def test_a_topic_s_documents_are_listed_with_what_they_say(desk):
    report = desk.report("which documents mention the hedge?")
    assert {row["source"] for row in report.table} == {
        "minutes/minutes-2026-03-12.md",
        "minutes/minutes-2026-04-09.md",
    }
    assert all("hedge" in row["quote"] for row in report.table)
    alike = desk.report("what documents do I have about hedgy?")
    assert alike.answer.startswith("No document contains “hedgy”.\n\n- minutes/")
    assert alike.counts == {"documents": 0}
    nothing = desk.report("is there anything about quantum chromodynamics?")
    assert (nothing.outcome, nothing.citations, nothing.table) == ("not_found", (), ())


def test_small_talk_is_answered_by_the_program_in_the_user_s_language(desk, tmp_path):
    assert "7" in desk.report("Hello!").answer
    assert desk.report("Bonjour, qui es-tu ?").answer.startswith("Je suis Pagewise")
    assert desk.report("谢谢！").answer == "不客气。随时可以继续提问。"
    empty = type(desk)(Index(tmp_path / "none"), desk.retriever, desk.settings)
    assert "No document is indexed yet" in empty.report("what can you do?").answer


def test_all_else_is_a_question_to_the_passages(desk):
    events = desk.list_events("How high is the deposit?")
    assert any(isinstance(event, Quoted) for event in events)
    assert not any(isinstance(event, Told) for event in events)
    told = desk.list_events("what documents do I have?", insist=True)
    assert any(isinstance(event, Retrieved) for event in told)
    assert not any(isinstance(event, (Told, Token)) for event in told)


def test_documents_that_mention_a_word_are_counted_in_all_of_them_and_twenty_are_quoted(make_desk):
    told = {
        f"log/{number:02}.txt": f"Week {number}. The team looked at the house in street {number} and "
        + ("repaired the boilers there." if number % 4 else "found nothing to repair.")
        + (" It asks the owner for the key of the cellar." * 5)
        for number in range(60)
    }
    named = {"log/boiler.txt": "The plumber comes on Monday and brings the tools that we asked him for last week."}
    desk = make_desk({**told, **named, "notiz.txt": "Boiler?"})
    report = desk.report("How many documents mention the boiler?")
    assert report.counts == {"documents": 46}  # 45 and the note, but not the one that is merely called so
    assert {row["source"] for row in report.table} == {
        "notiz.txt",
        *(f"log/{number:02}.txt" for number in range(60) if number % 4),
    }
    assert report.answer.startswith("Documents that contain “boiler”: 46.")
    assert report.answer.endswith("… and more: 26.")
    assert len(report.citations) == 20
    assert all("boiler" in row["quote"].casefold() for row in report.table[:20])
    only = Restriction(folder="log")
    assert desk.report("in welchen Dateien kommt das Wort Boiler vor?", only=only).counts == {"documents": 45}
    both = desk.report("how many files mention the owner and the boilers?", only=only)
    assert both.answer.startswith("Documents that contain “owner + boilers”: 45.")
    nothing = desk.report("combien de documents mentionnent le volcan ?")
    assert nothing.outcome == "not_found"
    assert nothing.answer == "Aucun document ne contient « volcan »."


def test_the_first_document_in_an_order_is_told_and_summed_up(desk):
    longest = desk.report("what is the longest document?")
    assert longest.table[0]["source"] == "saga.txt"
    assert longest.table[0]["characters"] > 10 * longest.table[1]["characters"]
    smallest = desk.report("¿cuál es el archivo más pequeño?", only=Restriction(folder="invoices"))
    assert [(row["source"], row["bytes"]) for row in smallest.table] == [
        ("invoices/invoice-18.txt", 60),
        ("invoices/invoice-17.txt", 66),
    ]
    told = desk.report("Fasse das längste Dokument zusammen")
    assert (told.kind, {one.source for one in told.citations}) == ("document", {"saga.txt"})
    markdown = desk.report("what is the longest md file?")
    assert all(row["source"].endswith(".md") for row in markdown.table)


def test_nothing_is_counted_in_a_damaged_index_of_words(desk, monkeypatch):
    def fail(_):
        raise IndexDamagedError("bits", "lexical")

    monkeypatch.setattr(Snapshot, "lexical_index", property(fail))
    report = desk.report("how many documents mention the hedge?")
    assert report.answer.startswith("Documents about “hedge”: 2.")
