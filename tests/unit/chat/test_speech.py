from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.chat.speech import SpokenText
from tests.growth import check_linear

ANSWER = "It is <b> 36 [1]."


def speak(*pieces: str, reason: str = "stop", muses: bool = False) -> list[str]:
    """What was shown in the end, as it came; an empty string takes back what came before it."""
    spoken = SpokenText(10_000, muses=muses)
    shown = [text for piece in pieces for text in spoken.take(piece)] + list(spoken.end(reason))
    while "" in shown:
        shown = shown[shown.index("") + 1 :]
    return shown


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (["Hello", " you"], ["Hello", " you"]),
        (["<th", "ink>Hm, [3]", " or not</thi", "nk>\n\n", "It is ", "<b>"], ["It is ", "<b>"]),
        (["<think>Hm.</think> Yes."], ["Yes."]),
        (["\n ", " <think>Hm.", "</think>", " \n", "Yes"], ["Yes"]),
        (["<", "b>"], ["<b>"]),
        (["<thin"], ["<thin"]),
        (["<think>Hm."], []),
        ([" ", "\n"], []),
        (["  Well, ", " yes "], ["Well, ", " yes "]),
    ],
)
def test_a_thought_before_the_answer_and_the_space_around_it_are_left_out(pieces: list[str], shown: list[str]):
    assert speak(*pieces) == shown


ADORNED = [
    f"<think>\n[2]?\n</think>\n\n{ANSWER}",
    f"<thinking>[2]?</thinking>{ANSWER}",
    f"<thought>[2]?</thought>\n{ANSWER}",
    f"<seed:think>[2]?</seed:think><answer>{ANSWER}</answer>",
    f"[THINK][2]?[/THINK]{ANSWER}",
    f"◁think▷[2]?◁/think▷{ANSWER}",
    f"<|begin_of_thought|>[2]?<|end_of_thought|>\n<|begin_of_solution|>{ANSWER}<|end_of_solution|>",
    f"<|START_THINKING|>[2]?<|END_THINKING|><|START_RESPONSE|>{ANSWER}<|END_RESPONSE|>",
    f"<|channel|>analysis<|message|>[2]?<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}<|return|>",
    "<|start|>assistant<|channel|>commentary to=functions.find <|constrain|>json<|message|>{}<|call|>"
    f"<|start|>assistant<|channel|>final<|message|>{ANSWER}<|end|>",
    f"analysisWe see [2].assistantcommentaryNo.assistantfinal{ANSWER}",
    f"<|channel>thought\n[2]?<channel|>{ANSWER}<turn|>",
    f"</think>\n{ANSWER}",
    f"&lt;think&gt;[2]?&lt;/think&gt;\n{ANSWER}",
    f"Okay, the user asks [2].\n</think>\n{ANSWER}",
    f"Passage [2] is about rain.\n</think>\n{ANSWER}",
    f"{ANSWER}<|im_end|>",
    f"{ANSWER}<end_of_turn>\n<|eot_id|></s>",
    f"{ANSWER}<｜end▁of▁sentence｜>",
    f"<|im_start|>assistant\n{ANSWER}<|im_end|>\n<|im_start|>user\nAnd [2]?",
    f"<|start_of_role|>assistant<|end_of_role|>{ANSWER}<|end_of_text|>",
    f"{ANSWER}<|end|><|user|>And [2]?<|end|><|assistant|>Nothing.",
    f"{ANSWER}<|endoftext|>Human: And [2]?",
    f"{ANSWER}<unk><0x0A><SPECIAL_12>",
    f"<thinking>[2]?</thinking><output>{ANSWER}</output>",
    f"<|inner_prefix|>[2]?<|inner_suffix|>{ANSWER}",
    f'<details type="reasoning" done="true">\n<summary>Thought</summary>\n> [2]?\n</details>\n{ANSWER}',
    f"**Thinking:**\nPassage [2]?\n\n**Answer:**\n{ANSWER}",
    f"Here is my thought process:\n[2]?\n\nHere is my response:\n{ANSWER}",
    f"思考过程：[2]？\n\n最终答案：{ANSWER}",
    f"```thinking\n[2]?\n```\n{ANSWER}",
    json.dumps({"answer": ANSWER, "sources": [2]}),
    json.dumps({"response": {"text": ANSWER, "sources": [{"id": 2}]}}),
    json.dumps({"sentences": [{"text": ANSWER, "citations": [2]}]}),
    f"<think>[2]?</think>\n{json.dumps([ANSWER])}",
    f"```markdown\n{ANSWER}\n```",
    f"<think>[2]?</think>~~~\n{ANSWER}\n~~~",
    f"\\boxed{{{ANSWER}}}",
    f"<plan>[2]?</plan>\n<answer>{ANSWER}</answer>",
    f"<cot>[2]?</cot>{ANSWER}<EOT>",
    f"> Thinking: [2]?\n> No.\n\n{ANSWER}",
    f"*Thinking about [2] …*\n\n{ANSWER}",
    f"Thinking...\n[2]?\n...done thinking.\n\n{ANSWER}",
    f"<details><summary>Thought for 3 s</summary>[2]?</details>\n{ANSWER}",
]


@pytest.mark.parametrize("text", ADORNED)
def test_neither_thoughts_nor_tokens_of_a_template_are_shown_wherever_the_text_is_cut(text: str):
    for length in (1, 2, 3, 7, len(text)):
        pieces = [text[at : at + length] for at in range(0, len(text), length)]
        assert "".join(speak(*pieces)) == ANSWER


@pytest.mark.parametrize(
    "text",
    [
        "No <think>one</think>",
        "A &lt; b &amp; c",
        "Tags such as &lt;b&gt; and &lt;think&gt; begin with &lt;",
        "Write `<|im_start|>user` and end with `</think>`.",
        "a < b, [x] and <i>",
        "Okay, that is allowed [1].",
        "analysis of the soil",
        "final",
        "It is <|x|> here",
        "「2」と◁",
        "Reasoning is a faculty of the mind [1].",
        "Thinking takes time.\nAnswer it later.",
        '{"tank": 1.8}',
        '["rain", 3]',
        "```\nx = a[1]\n```",
        "```text\na [1].\n```\nand\n```\nb\n```",
        "Action: none is needed.",
        "> Thinkers are quoted.",
        "{x} is a set",
        "Call `<tool_call>` first.",
    ],
)
def test_what_an_answer_says_of_tags_and_what_only_begins_like_a_thought_is_shown(text: str):
    assert "".join(speak(*text)) == "".join(speak(text)) == text


def test_a_model_that_was_heard_to_muse_is_not_shown_until_it_has_done_so():
    spoken = SpokenText(1000)
    shown = [*spoken.take("It may rain [2]. "), *spoken.take("</think>No.")]
    assert (shown, spoken.has_mused) == (["It may rain [2]. ", "", "No."], True)
    assert speak("It may rain [2]. ", "</think>No.", muses=True) == ["No."]
    assert speak("No.", muses=True) == ["No."]
    assert speak("It may rain", reason="length", muses=True) == []


def test_thoughts_kept_apart_are_the_answer_where_there_is_no_other():
    for reason, content, shown in (("stop", "", "36 [1]."), ("length", "", ""), ("stop", "No.", "No.")):
        spoken = SpokenText(1000)
        pieces = [*spoken.take("", "36 "), *spoken.take(content, "[1]."), *spoken.end(reason)]
        assert "".join(pieces) == shown


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>\n{"name": "find", "arguments": {"q": "[2]"}}\n</tool_call>',
        '{"name": "find", "parameters": {"q": "[2]"}}',
        '<|python_tag|>find.call(q="[2]")',
        '[TOOL_CALLS] [{"name": "find", "arguments": {}}]',
        '<function=find>{"q": "[2]"}</function>',
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function",
        '<invoke name="find"><parameter name="q">[2]</parameter></invoke>',
        "Thought: I look.\nAction: find\nAction Input: [2]",
        "```tool_code\nprint(find('[2]'))\n```",
    ],
)
def test_a_call_of_a_tool_in_the_place_of_an_answer_is_told_and_not_shown(text: str):
    for length in (1, 3, len(text)):
        spoken = SpokenText(10_000)
        pieces = [text[at : at + length] for at in range(0, len(text), length)]
        assert [said for piece in pieces for said in spoken.take(piece)] + list(spoken.end("stop")) == []
        assert spoken.is_calling


MARKS = ["<think>", "</think>", "<thi", "nk>", "a", " ", "\n", "<", "<|end|>", "assistant", "final", "`", "Okay, "]


@given(pieces=st.lists(st.sampled_from(MARKS), max_size=20))
def test_however_a_text_is_cut_into_pieces_the_same_is_shown(pieces: list[str]):
    assert "".join(speak(*pieces, "!")) == "".join(speak("".join(pieces) + "!"))


@given(pieces=st.lists(st.text(max_size=9), max_size=20), most_characters=st.integers(1, 60))
def test_no_more_is_shown_than_the_limit_and_its_end_is_told(pieces: list[str], most_characters: int):
    spoken = SpokenText(most_characters)
    shown = "".join(text for piece in pieces for text in spoken.take(piece)) + "".join(spoken.end("length"))
    assert len(shown) <= most_characters
    assert spoken.is_full == (sum(map(len, pieces)) >= most_characters)


def test_thoughts_count_wherever_a_server_puts_them():
    spoken = SpokenText(10)
    assert [*spoken.take("", "123456"), *spoken.take("abcdef")] == ["abcd"]
    assert spoken.is_full


@pytest.mark.parametrize("piece", ["thought ", "<", "<|a|>", "assistant", "<|start|>", "[THINK", "\n"])
@pytest.mark.parametrize("before", ["<think>", "", "Yes. "])
def test_a_long_text_is_looked_through_once(before: str, piece: str):
    def read(pieces: int) -> None:
        spoken = SpokenText(10_000_000)
        for text in (before, *[piece] * pieces):
            list(spoken.take(text))

    check_linear(read, 300)
