"""The file of the conversations: what is kept, found and deleted, and what happens when it can't be used."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from page.conversations.database import Database
from page.conversations.history import History
from page.conversations.live import catch_up, read_kept
from page.conversations.reading import SERVER_STOPPED, close_broken_off, write_markdown
from page.conversations.records import Answered, Pair
from page.conversations.words import make_query, spread_words
from rag.errors import RagError
from rag.private import name_this_process


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "page" / "conversations.sqlite3"


def make_step(identity: str, text: str, kind: str = "user_message") -> dict[str, Any]:
    return {"id": identity, "type": kind, "output": text, "threadId": "c"}


def keep_turn(database: Database, conversation: str, question: str, text: str, *, writer: str = "") -> None:
    database.keep_step(conversation, make_step(f"{conversation}-q", question), question)
    database.name(conversation, question, is_first=True)
    source = {"number": 1, "source": "kettle.pdf", "place": "page 4", "section": "", "quote": "36  months"}
    source["url"] = "/papers/corpus/manuals/kettle%20old.pdf"
    props = {"written": text, "sources": [source], "cited": [1], "notices": [], "madeBy": "tiny · 2 s", "look": ""}
    database.keep_answer(
        conversation,
        Answered(f"{conversation}-a", question, text, is_private=False, writer=writer),
        make_step(f"{conversation}-a", text, "assistant_message"),
        {"id": f"{conversation}-s", "name": "Sources", "forId": f"{conversation}-a", "props": props},
    )


def test_what_was_kept_is_read_again_in_its_order_by_another_process_too(path: Path):
    writer, reader = Database(path), Database(path)
    keep_turn(writer, "c", "How long is the guarantee?", "36 months [1].")
    writer.keep_step("c", make_step("late", "And then?"), "And then?")
    writer.keep_settings("c", {"chat_settings": {"folder": "manuals"}})
    writer.keep_feedback("c", {"id": "f", "forId": "c-a", "value": 1, "comment": "right"})
    found = reader.read("c")
    assert found
    assert [step["id"] for step in found.steps] == ["c-q", "c-a", "late"]
    assert found.steps[1]["feedback"]["comment"] == "right"
    assert found.settings == {"chat_settings": {"folder": "manuals"}}
    answer = Answered("c-a", "How long is the guarantee?", "36 months [1].", False, "", ("manuals/kettle old.pdf",))
    assert reader.read_last_answers("c", 3) == [answer]
    assert reader.read("another") is None


def test_the_last_changed_stands_first_and_the_list_goes_on_behind_what_was_shown(path: Path):
    database = Database(path)
    for number in range(5):
        keep_turn(database, f"c{number}", f"Question {number}?", "Yes.")
    keep_turn(database, "c1", "Question 1?", "No.")
    database.name("c0", "A name of its own")
    assert [one.id for one in database.list_summaries(3, None)] == ["c1", "c4", "c3"]
    assert [one.title for one in database.list_summaries(3, "c3")] == ["Question 2?", "A name of its own"]


@pytest.mark.parametrize(
    ("asked", "is_found"),
    [
        ("guarantee", True),
        ("GARANTIE ete", True),  # accents are folded, and the last word may be a beginning
        ("month", True),
        ("guarantee kettle", False),
        ("東京", True),
        ("京東", False),
        ('"); DROP TABLE words', False),
        ("?!", False),
        ("", True),
    ],
)
def test_a_conversation_is_found_by_what_was_asked_and_answered(path: Path, asked: str, is_found: bool):
    database = Database(path)
    keep_turn(database, "c", "How long is the guarantee? La garantie d'été?", "36 months, 東京都 [1].")
    assert bool(database.list_summaries(9, None, asked)) is is_found


def test_a_deleted_conversation_is_nowhere_in_the_files_and_does_not_come_back(path: Path):
    database = Database(path)
    keep_turn(database, "c", "Where is the zanzibarium?", "In the quixotorium [1].")
    keep_turn(database, "d", "What else?", "Nothing.")
    database.delete("c")
    keep_turn(database, "c", "Where is the zanzibarium?", "In the quixotorium [1].")  # an answer that came late
    assert [one.id for one in database.list_summaries(9, None)] == ["d"]
    database.close()
    written = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"zanzibarium" not in written
    assert b"quixotorium" not in written


def test_only_its_user_can_read_it(path: Path):
    database = Database(path)
    keep_turn(database, "c", "Why?", "So.")
    modes = {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {0o600}


def test_an_answer_whose_server_ended_says_so_and_one_that_is_being_written_does_not(path: Path):
    database = Database(path)
    keep_turn(database, "c", "Why?", "Because", writer="999999-1")
    keep_turn(database, "d", "Why?", "Because", writer=name_this_process())
    for identity, notices in (("c", [SERVER_STOPPED]), ("d", [])):
        found = database.read(identity)
        assert found
        _, (sources,) = close_broken_off(found)
        assert sources["props"]["notices"] == notices


def test_a_conversation_is_written_out_with_its_sources(path: Path):
    database = Database(path)
    keep_turn(database, "c", "How long is the guarantee?", "**36** months [1].")
    found = database.read("c")
    assert found
    assert write_markdown(found) == (
        "# How long is the guarantee?\n\n## How long is the guarantee?\n\n**36** months [1].\n\n"
        "- [1] kettle.pdf, page 4: “36 months”\n\n*tiny · 2 s*\n"
    )


def keep_second(database: Database, conversation: str, text: str, *, parent: str) -> Pair:
    """Another model's answer beside that of `keep_turn`, in a run of its own within the first's."""
    pair = Pair(f"{conversation}-a", f"{conversation}-b", f"{conversation}-b")
    database.keep_step(conversation, {**make_step("second-run", "", "run"), "parentId": parent})
    database.keep_answer(
        conversation,
        Answered(pair.second, "Q?", text, is_private=False),
        {**make_step(pair.second, text, "assistant_message"), "parentId": "second-run"},
        {"id": "s2", "name": "Sources", "forId": pair.second, "props": {"by": "large on this machine", "notices": []}},
    )
    database.keep_pair(conversation, pair)
    return pair


def test_a_second_answer_is_written_out_beside_the_first_and_stays_when_a_later_question_is_edited(path: Path):
    database = Database(path)
    keep_turn(database, "c", "How long?", "36 months [1].")
    database.keep_step("c", make_step("later", "And then?"), "And then?")
    database.keep_step("c", {**make_step("later-run", "", "run"), "parentId": "later"})
    pair = keep_second(database, "c", "Three years [1].", parent="c-a")
    found = database.read("c")
    assert found
    assert found.pairs == database.read_pairs("c") == [pair]
    assert write_markdown(found).endswith(
        "## How long?\n\n"
        "### Another answer\n\n36 months [1].\n\n- [1] kettle.pdf, page 4: “36 months”\n\n*tiny · 2 s*\n\n"
        "### large on this machine (kept)\n\nThree years [1].\n\n## And then?\n"
    )
    _, elements = close_broken_off(found)
    assert [element["props"].get("kept") for element in elements] == [None, True]
    database.forget_from("c", "later")
    found = database.read("c")
    assert found
    assert [step["id"] for step in found.steps] == ["c-q", "c-a", "second-run", "c-b"]
    database.forget_from("c", "c-q")
    assert database.read_pairs("c") == []


def test_a_file_that_was_made_before_there_were_pairs_can_hold_some(path: Path):
    database = Database(path)
    keep_turn(database, "c", "How long?", "36 months [1].")
    database.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE pair")
    assert keep_second(database, "c", "Three years.", parent="c-a") in database.read_pairs("c")


def test_words_of_scripts_without_spaces_are_looked_for_as_neighbours():
    assert spread_words("a東京b").split() == ["a", "東", "京", "b"]
    assert make_query("kettle 東京") == '"kettle" AND "東 京"*'


def test_a_damaged_file_is_put_aside_and_a_new_history_begins(path: Path):
    path.parent.mkdir()
    path.write_bytes(b"no database at all " * 400)

    async def use() -> tuple[str, list[str]]:
        history = History(path)
        await history.write(lambda database: keep_turn(database, "c", "Why?", "So."))
        nothing: list[str] = []
        found = await history.read(
            lambda database: [one.id for one in database.list_summaries(9, None)], otherwise=nothing
        )
        await history.close()
        return history.problem, found

    problem, found = asyncio.run(use())
    assert found == ["c"]
    (aside,) = path.parent.glob("*damaged*.sqlite3")
    assert aside.read_bytes().startswith(b"no database")
    assert str(aside) in problem


def test_while_the_file_is_locked_nothing_waits_long_and_what_was_said_is_kept_afterwards(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("page.conversations.database._BUSY_TIMEOUT_S", 0.05)
    Database(path).list_summaries(1, None)
    other = sqlite3.connect(path, isolation_level=None)

    async def use() -> list[str]:
        history = History(path)
        other.execute("BEGIN IMMEDIATE")
        await history.write(lambda database: keep_turn(database, "c", "Why?", "So."))
        assert "locked" in history.problem
        with pytest.raises(RagError, match="locked"):
            await history.change_now(lambda database: database.delete("c"))
        other.execute("ROLLBACK")
        history._retry_at = 0.0  # as after five seconds
        nothing: list[str] = []
        found = await history.read(
            lambda database: [one.id for one in database.list_summaries(9, None)], otherwise=nothing
        )
        assert history.problem == ""
        await history.close()
        return found

    assert asyncio.run(use()) == ["c"]
    other.close()


def test_what_happens_while_a_page_opens_its_conversation_is_shown_to_it(path: Path, monkeypatch: pytest.MonkeyPatch):
    seen: list[list[str]] = []

    async def open_page() -> None:
        history = History(path)
        await history.write(lambda database: keep_turn(database, "c", "Why?", "So"))
        shown = await read_kept(history, "c")
        assert shown

        async def emit(event: str, data: dict[str, Any], to: str) -> None:
            assert to == "page"
            seen.append([step["output"] for step in data["steps"]] if event == "resume_thread" else [*data])
            if len(seen) == 1:
                await history.write(lambda database: keep_turn(database, "c", "Why?", "So it is [1]."))

        monkeypatch.setattr("page.conversations.live.sio", SimpleNamespace(emit=emit))
        page: Any = SimpleNamespace(thread_id="c", socket_id="page")
        await catch_up(page, history, shown)
        await history.write(lambda database: keep_turn(database, "c", "Why?", "So it is"))
        await catch_up(page, history, shown)
        await history.write(lambda database: database.delete("c"))
        await catch_up(page, history, shown)
        await history.close()

    asyncio.run(open_page())
    assert seen == [["Why?", "So it is"], ["Why?", "So it is [1]."], ["pwDeleted"]]
