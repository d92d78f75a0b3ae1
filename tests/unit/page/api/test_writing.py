from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from page.api.asked import Message, read_conversation
from page.api.failures import CallError
from page.api.open_webui import is_open_webui, make_frames
from page.api.writing import StopCutter, Writing
from rag.answering.events import AnswerReport, Done, Quoted, Token, Withdrawn
from rag.answering.followup import Turn
from rag.types import Chunk, Citation, ScoredChunk, StoredChunk

TEXT = st.text("abc", max_size=12)


@given(st.lists(TEXT), st.lists(st.text("abc", min_size=1, max_size=4), max_size=3))
@example(["b", "c", "b"], ["c", "bcb"])
def test_a_text_in_pieces_is_cut_where_the_whole_one_would_be(pieces, stops):
    cutter = StopCutter(stops)
    shown = "".join(map(cutter.take, pieces))
    whole = "".join(pieces)
    ends = [(whole.index(stop) + len(stop), whole.index(stop)) for stop in stops if stop in whole]
    expected = whole[: min(ends)[1]] if ends else whole
    assert shown + cutter.end() == expected
    assert cutter.is_cut == bool(ends)


def write(*events, streams=True, **fields) -> list[str]:
    writing = Writing(lambda citation: f"http://here/{citation.source}", streams)
    defaults = {"question": "q", "answerable": True, "citations": (), "model": "m", "route": "local", "answer": ""}
    report = AnswerReport(**{**defaults, "outcome": "answered", **fields})
    return [text for event in (*events, Done(report)) if (text := writing.take(event))]


CITED = Citation(1, "a b.md", None, "Noon.")


def test_words_go_out_as_they_come_and_the_sources_last():
    assert write(Token("At "), Token("noon [1]."), answer="At noon [1].", citations=(CITED,)) == [
        "At ",
        "noon [1].",
        "\n\nSources:\n[1] a b.md <http://here/a b.md>",
    ]
    assert write(Token("At noon."), streams=False, answer="At noon.") == ["At noon."]


def test_markers_that_the_program_sets_don_t_repeat_the_words():
    pieces = write(Token("At noon."), Withdrawn(), Token("At noon [1]."), answer="At noon [1].", citations=(CITED,))
    assert pieces == ["At noon.", "\n\nSources:\n[1] a b.md <http://here/a b.md>"]
    assert write(Token("Hm."), answer="Hm.\n\nCompare it.", remark="Compare it.") == ["Hm.", "\n\nCompare it."]


def test_thoughts_that_were_taken_back_are_followed_by_the_answer():
    assert write(Token("Let me see"), Withdrawn(), Token("Noon."), answer="Noon.") == ["Let me see", "\n\nNoon."]


def test_a_document_s_own_numbers_are_no_citations():
    quoted = Quoted("See [2] for it. [1] Also [1].", (16,), (CITED,))
    assert write(quoted, answer=quoted.text, quotes=quoted.text) == ["See (2) for it. [1] Also (1)."]


def say(role: str, text: str) -> Message:
    return Message(role=role, content=text)  # type: ignore[arg-type]  # the wrong ones are what is tested


def test_a_conversation_is_its_last_question_with_the_turns_before():
    conversation = read_conversation(
        [say("system", "Be brief."), say("user", "When?"), say("assistant", "Noon."), say("user", "Why?")]
    )
    assert (conversation.question, conversation.turns) == ("Why?", (Turn("When?", "Noon."),))
    assert read_conversation([say("user", "A"), say("user", "B")]).turns == (Turn("A"),)


@pytest.mark.parametrize("roles", [["system"], ["user", "assistant"], ["tool"]])
def test_a_conversation_without_a_question_at_its_end_is_refused(roles):
    with pytest.raises(CallError, match="last message"):
        read_conversation([say(role, "x") for role in roles])


def test_a_program_that_lists_the_sources_itself_gets_markers_and_quotes_with_their_page():
    writing = Writing(lambda citation: f"http://here/{citation.source}#page={citation.page}", True, lists_sources=False)
    cited = (Citation(1, "a.pdf", 3, "Noon."), Citation(3, "a.pdf", 3, "At one."))
    report = AnswerReport("q", "At noon [1].", True, cited, "m", "local", outcome="answered")
    assert writing.take(Token("At noon [1].")) + writing.take(Done(report)) == "At noon [1].\n\n[3]"
    hits = [ScoredChunk(StoredChunk(n, Chunk(f"{n}.md", 0, f"Text {n}.")), 1.0) for n in range(4)]
    sources = [frame["event"]["data"] for frame in make_frames(cited, hits, writing.address)]
    assert [one["document"] for one in sources] == [["Noon."], ["Text 1."], ["At one."]]
    assert [one["source"]["name"] for one in sources] == ["a.pdf, page 3", "1.md", "a.pdf, page 3"]
    assert sources[0]["source"]["url"] == "http://here/a.pdf#page=3"
    assert len({one["source"]["id"] for one in sources}) == 3
    assert is_open_webui({"X-OpenWebUI-Chat-Id": "c"})
    assert not is_open_webui({"user-agent": "OpenAI/Python"})
