from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from rag.answering.quoting import MAX_SENTENCES, Compare, quote_answer
from rag.types import Chunk, ScoredChunk, StoredChunk


def some_hits(*texts: str, language: str = "en", section: str = "") -> list[ScoredChunk]:
    return [
        ScoredChunk(StoredChunk(i, Chunk(f"{i}.md", 0, text, section=section, page=i + 1), language), 1.0)
        for i, text in enumerate(texts)
    ]


BOILER = "The tank holds 1.8 litres. Descale the boiler every 90 days. Coffee is served at noon."
LEAVE = "Employees get 27 days of paid vacation. Travel expenses are due within 14 days."


def test_the_sentence_that_answers_is_quoted_with_its_marker():
    text, citations, _ = quote_answer("How often should I descale the boiler?", some_hits(LEAVE, BOILER), 1)
    assert text == "Descale the boiler every 90 days. [2]"
    assert [(c.number, c.source, c.page, c.quote) for c in citations] == [
        (2, "1.md", 2, "Descale the boiler every 90 days.")
    ]


def test_words_are_compared_by_their_stems():
    text, _, _ = quote_answer("descaling boilers", some_hits(BOILER), 1)
    assert text.startswith("Descale the boiler")


def test_a_sentence_gains_by_the_one_before_that_names_its_subject():
    passage = "The Aurora is a coffee machine. It weighs 9 kilograms.\n\nThe Borealis is a mill. It weighs 4 kilograms."
    text, (citation,), _ = quote_answer("How much does the Borealis weigh?", some_hits(passage), 2)
    assert text == "The Borealis is a mill. It weighs 4 kilograms. [1]"
    assert citation.quote == "The Borealis is a mill. It weighs 4 kilograms."


def test_a_sentence_gains_by_its_heading():
    passage = "## Aurora\n\nWeight is 9 kilograms.\n\n## Borealis\n\nWeight is 4 kilograms."
    assert "4 kilograms" in quote_answer("weight of the Borealis", some_hits(passage))[0]


def test_a_question_in_a_document_gives_way_to_its_answer():
    passage = "How often must the boiler be descaled? Every 90 days, with powder.\n\nWho pays? The landlord does."
    assert quote_answer("How often must the boiler be descaled?", some_hits(passage))[0].startswith("Every 90 days")


def test_a_table_row_comes_with_its_header():
    table = "| Model | Tank |\n|---|---|\n| X2 | 1.8 litres |\n| X3 | 2.4 litres |"
    text, (citation,), _ = quote_answer("How large is the tank of the X3?", some_hits(table), 1)
    assert text == "| Model | Tank |\n| --- | --- |\n| X3 | 2.4 litres [1] |"
    assert citation.quote == "| X3 | 2.4 litres |"


def test_a_row_out_of_a_pdf_becomes_a_table():
    text, (citation,), _ = quote_answer("What does E2 mean?", some_hits("Code\tMeaning\nE1\tNo water\nE2\tLid is open"))
    assert text == "| Code | Meaning |\n| --- | --- |\n| E2 | Lid is open [1] |"
    assert citation.quote == "E2\tLid is open"


def test_an_empty_first_cell_keeps_its_column():
    text, (citation,), _ = quote_answer(
        "Who has the ladder?", some_hits("\tAnn\tBen\n\tladder\tkeys\nMon\tbins\tstairs"), 1
    )
    assert text == "|  | Ann | Ben |\n| --- | --- | --- |\n|  | ladder | keys [1] |"
    assert citation.quote == "\tladder\tkeys"


def test_cells_of_a_table_without_outer_pipes_are_set_apart():
    text, _, _ = quote_answer("tea on Tue", some_hits("Day | Tea\n---|---\nMon | a \\| b\nTue | mate"))
    assert text == "| Day | Tea |\n| --- | --- |\n| Tue | mate [1] |"
    assert "| Mon | a \\| b [1] |" in quote_answer("tea on Mon", some_hits("Day | Tea\n---|---\nMon | a \\| b"))[0]


def test_the_row_of_a_code_goes_before_what_shares_the_words_of_its_head():
    table = "Code\tMeaning\tRemedy\n" + "\n".join(f"F{n}\tsensor {n} is loose\tcall us" for n in range(1, 9))
    prose = "Each code has a meaning and a remedy. The meaning of a code is its remedy."
    text, _, _ = quote_answer("What is the meaning and the remedy of code F7?", some_hits(prose, table), 1)
    assert text.splitlines()[2] == "| F7 | sensor 7 is loose | call us [2] |"


def test_a_list_item_stays_one():
    passage = "Weekly chores:\n\n- The mill is cleaned\n- Windows"
    text, _, _ = quote_answer("When is the mill cleaned?", some_hits(passage))
    assert text == "- The mill is cleaned [1]"


def test_what_introduces_a_list_comes_with_it():
    chores = "Weekly chores:\n\n- The mill is cleaned\n- Windows\n- Floors"
    text, (citation,), _ = quote_answer("What are the weekly chores?", some_hits(f"Be kind.\n\n{chores}\n\nThe end."))
    assert text == f"{chores} [1]"
    assert citation.quote == chores


def test_a_table_header_alone_is_no_answer():
    table = "| Model | Tank |\n|---|---|\n| X2 | 1.8 litres |"
    assert "X2" in quote_answer("Which model has which tank?", some_hits(table))[0]


def test_the_same_sentence_in_two_documents_is_quoted_once():
    text, citations, _ = quote_answer("boiler descale days", some_hits(BOILER, BOILER))
    assert text.count("90 days") == 1
    assert [citation.number for citation in citations] == [1]


def test_sentences_of_one_passage_keep_their_order():
    passage = "Powder descales the boiler. The lid is red. Then descale the boiler with powder again, slowly."
    text, _, _ = quote_answer("descale boiler powder", some_hits(passage))
    assert text.index("Powder descales") < text.index("Then descale")


def test_japanese_is_answered_by_the_sentence():
    hits = some_hits("東京は日本の首都です。人口は約1400万人です。", language="ja")
    assert quote_answer("東京の人口は何人ですか", hits, 1)[0] == "人口は約1400万人です。 [1]"


def test_no_shared_word_still_gives_the_first_sentence():
    assert quote_answer("xyzzy", some_hits(LEAVE, BOILER), 1)[0] == "Employees get 27 days of paid vacation. [1]"


def test_without_hits_there_is_nothing():
    assert quote_answer("What?", []) == ("", (), ())


def test_only_our_own_markers_are_told_and_a_number_sign_is_no_heading():
    passage = "#1 in the list is the boiler.[2] The mill is last [3]."
    text, _, markers = quote_answer("What is the boiler in the list?", some_hits(passage), 1)
    assert text == "#1 in the list is the boiler.[2] [1]"
    assert markers == (text.index("[1]"),)


def test_a_passage_that_is_only_a_heading_is_quoted():
    assert quote_answer("boiler", some_hits("# The boiler"))[0] == "The boiler [1]"


passages = st.lists(st.text(alphabet=st.sampled_from("ab .!?\n|-#*1。あ"), max_size=120), max_size=5)


@given(question=st.text(alphabet="ab あ?", max_size=20), texts=passages)
def test_quotes_are_few_and_word_for_word(question: str, texts: list[str]):
    text, citations, markers = quote_answer(question, some_hits(*texts))
    assert len(citations) <= MAX_SENTENCES
    for citation in citations:
        assert citation.quote
        assert citation.quote in texts[citation.number - 1]
    numbers = [next(number for number in range(1, 6) if text.startswith(f"[{number}]", marker)) for marker in markers]
    assert list(dict.fromkeys(numbers)) == [citation.number for citation in citations]


def named_hit(source: str, text: str, rank: int) -> ScoredChunk:
    return ScoredChunk(StoredChunk(rank, Chunk(source, 0, text)), 1.0)


def test_a_note_is_about_what_its_file_is_called():
    note = named_hit("Notes/Key of the shed.md", "Under the third pot.", 0)
    other = named_hit("inn.txt", "The room key hangs by the stove. Breakfast is at eight.", 1)
    text, (citation,), _ = quote_answer("Where is the key of the shed?", [note, other])
    assert (text, citation.source) == ("Under the third pot. [1]", "Notes/Key of the shed.md")


def test_folders_name_what_their_files_are_about():
    hits = [
        named_hit(f"{name}/pension.txt", f"Starts at {age}.", n)
        for n, (name, age) in enumerate([("Ida", 62), ("Bo", 65)])
    ]
    assert quote_answer("When does the pension of Bo start?", hits)[0].startswith("Starts at 65.")


def test_a_misspelt_word_is_compared_as_the_passages_write_it():
    text, _, _ = quote_answer("How often should the boiler be desclaed?", some_hits(LEAVE, BOILER), 1)
    assert text.startswith("Descale the boiler")


def test_a_note_too_short_to_show_its_language_is_read_in_the_question_s():
    notes = [named_hit("a.txt", "Spare fuses: blue tin.", 0), named_hit("b.txt", "Keys: third drawer.", 1)]
    assert "third drawer" in quote_answer("Where do we keep the key?", notes)[0]


def scored_hits(*scored: tuple[float, str]) -> list[ScoredChunk]:
    return [ScoredChunk(StoredChunk(i, Chunk(f"{i}.md", 0, text)), score) for i, (score, text) in enumerate(scored)]


SALARY = "The trial day is paid.\n\nSalaries arrive on the 27th.\n\nMonday is office day.\n\nBring your own cup."


def closeness_to(word: str, asked: list[list[str]] | None = None) -> Compare:
    """A model by which the texts with that word mean the same as any question, and no other text does."""

    def compare(question: str, texts: Sequence[str]) -> list[float]:
        if asked is not None:
            asked.append(list(texts))
        return [8.0 * (word in text) for text in texts]

    return compare


def test_what_means_the_same_is_quoted_though_it_shares_no_word():
    hits = some_hits(SALARY)
    assert "Salaries" not in quote_answer("When is payday?", hits, 1).text
    assert quote_answer("When is payday?", hits, compare=closeness_to("Salaries")).text == (
        "Salaries arrive on the 27th. [1]"
    )


def test_a_model_that_cannot_tell_leaves_the_choice_to_the_words():
    hits = some_hits(LEAVE, BOILER)
    question = "How often should I descale the boiler?"
    assert quote_answer(question, hits, compare=lambda question, texts: None) == quote_answer(question, hits)


def test_no_more_is_compared_than_there_is_time_for():
    asked: list[list[str]] = []
    many = " ".join(f"The boiler number {n} is red." for n in range(100))
    quote_answer("boiler", some_hits(many), compare=closeness_to("7", asked))
    assert [len(texts) for texts in asked] == [24]


def test_nothing_is_compared_without_hits():
    assert quote_answer("boiler", [], compare=closeness_to("boiler")).text == ""


def test_the_best_sentence_brings_its_short_paragraph_along_and_one_alone_does_not():
    long = f"{'Something is said of plates. ' * 20}The stove is red."
    terms = (
        "1. Deposit. Due on booking.\n2. Cancelling. Before May: nothing is due. In May: half.\n   In June: all of it."
    )
    hits = some_hits(terms, long)
    assert quote_answer("What do I lose if I cancel?", hits, 1).text == "2. Cancelling. Before May: nothing is due. [1]"
    assert quote_answer("What do I lose if I cancel?", hits).text == (
        "2. Cancelling. Before May: nothing is due. In May: half.\n   In June: all of it. [1]"
    )
    assert quote_answer("Which colour has the stove?", hits).text == "The stove is red. [2]"


def test_a_further_sentence_shares_words_with_the_question_or_is_as_close_as_the_best():
    hits = some_hits("The lid is blue.\n\nThe tank is green.\n\nThe hose is grey.")
    assert quote_answer("Which colour has the tank?", hits, compare=closeness_to("tank")).text == (
        "The tank is green. [1]"
    )
    assert quote_answer("Farbe?", hits, compare=closeness_to("is")).text == (
        "The lid is blue.\nThe tank is green.\nThe hose is grey. [1]"
    )

    def compare(question: str, texts: Sequence[str]) -> list[float]:
        return [2.0 * ("blue" in text) + 4.0 * ("green" in text) for text in texts]

    assert quote_answer("Farbe?", hits, compare=compare).text == "The tank is green. [1]"
    assert quote_answer("Deckel, lid: Farbe?", hits, compare=compare).text == "The lid is blue.\nThe tank is green. [1]"


def test_quotes_end_when_there_are_words_enough():
    long = [" ".join([f"boiler{n}", *["boiler"] * 19]) + "." for n in range(6)]
    distinct = [f"Boiler {name} was bought by {' '.join(name + str(n) for n in range(16))}." for name in "ABCDEF"]
    text = quote_answer("boiler", some_hits(*distinct)).text
    assert text.count("Boiler") == 4
    assert quote_answer("boiler", some_hits(long[0])).text == f"{long[0]} [1]"


def test_a_passage_of_which_the_ranking_thinks_less_comes_behind():
    good, bad = "The tank of the mill is red.", "The tank of the press is red."
    first = quote_answer("tank", scored_hits((1.0, good), (0.2, bad)), 1)
    assert first.text == f"{good} [1]"
    assert quote_answer("tank of the press", scored_hits((1.0, good), (0.9, bad)), 1).text == f"{bad} [2]"
    assert quote_answer("tank of the press", scored_hits((1.0, good), (-1.0, bad)), 1).text == f"{good} [1]"


def test_scores_of_nothing_are_no_reason_to_prefer_a_passage():
    hits = scored_hits((0.0, "The lid is red."), (-0.5, "The tank is red."))
    assert quote_answer("tank", hits, 1).text == "The tank is red. [2]"


def test_a_line_that_only_names_the_subject_gives_way_to_a_sentence_on_it():
    letter = "Boiler and pump\n\nThe boiler has a pump from Brescia.\n\nKind regards"
    assert quote_answer("boiler pump", some_hits(letter), 1).text == "The boiler has a pump from Brescia. [1]"


def test_neighbours_are_joined_by_what_stands_between_them():
    lines = "Monday: the mill is closed\nTuesday: the mill is open from nine\nWednesday: the mill is open from ten"
    assert quote_answer("When is the mill open?", some_hits(lines), 2).text == (
        "Tuesday: the mill is open from nine\nWednesday: the mill is open from ten [1]"
    )
    spaceless = some_hits("工場は赤い。工場は広い。", language="ja")
    assert quote_answer("工場", spaceless).text == "工場は赤い。工場は広い。 [1]"
