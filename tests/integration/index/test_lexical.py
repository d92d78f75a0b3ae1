import pytest

from rag.errors import IndexUnusableError
from rag.index.lexical.entry import LexicalEntry, term_key
from rag.index.lexical.index import LexicalIndex
from rag.types import Restriction

ENTRIES = [
    LexicalEntry(1, "manuals/boiler.md", 0, "Boiler manual", "Setup", "Tighten the valve before you start the pump."),
    LexicalEntry(2, "manuals/boiler.md", 1, "Boiler manual", "Care", "Clean the filter every spring with warm water."),
    LexicalEntry(3, "hr/leave.pdf", 0, "", "", "Employees get thirty days of annual leave in every year."),
    LexicalEntry(4, "hr/rejser.txt", 0, "", "", "Medarbejdere får dækket rejser med tog, og der skal være kvittering."),
]


@pytest.fixture
def index(tmp_path):
    index = LexicalIndex(tmp_path / "lexical")
    index.add(ENTRIES)
    index.commit()
    yield index
    index.close()


def found(index, question, only=None):
    return [hit.id for hit in index.search(question, 10, only)]


def test_the_best_match_comes_first(index):
    hits = index.search("filters cleaned in spring", 10)
    assert hits[0].id == 2
    assert hits == sorted(hits, key=lambda hit: -hit.score)


def test_a_danish_question_finds_other_forms_of_its_words(index):
    assert found(index, "Hvilken kvittering for en rejse med toget?")[0] == 4


def test_an_empty_index_finds_nothing(tmp_path):
    index = LexicalIndex(tmp_path)
    assert (index.search("anything", 5), index.list_ids(), len(index), index.languages) == ([], set(), 0, {})
    assert (index.read_passages([1]), index.read_context("a.md").name) == ({}, frozenset())


def test_nothing_is_visible_before_the_commit(index):
    index.add([LexicalEntry(9, "new.md", 0, "", "", "zeppelin")])
    assert found(index, "zeppelin") == []
    index.commit()
    assert found(index, "zeppelin") == [9]


def test_what_was_removed_is_gone(index):
    index.remove([2, 77])
    index.commit()
    assert 2 not in found(index, "filter spring")
    assert index.list_ids() == {1, 3, 4}
    assert len(index) == 3


def test_closing_drops_what_was_not_committed(tmp_path):
    index = LexicalIndex(tmp_path)
    index.add(ENTRIES)
    index.close()
    assert len(LexicalIndex(tmp_path)) == 0


def test_another_reader_sees_a_commit_after_reloading(index, tmp_path):
    reader = LexicalIndex(tmp_path / "lexical")
    index.add([LexicalEntry(9, "new.md", 0, "", "", "zeppelin")])
    index.commit()
    assert found(reader, "zeppelin") == []
    reader.reload()
    assert found(reader, "zeppelin") == [9]


def test_a_second_writer_can_follow_the_first(index, tmp_path):
    other = LexicalIndex(tmp_path / "lexical")
    other.add([LexicalEntry(9, "new.md", 0, "", "", "zeppelin")])
    other.commit()
    index.add([LexicalEntry(10, "newer.md", 0, "", "", "airship")])
    index.commit()
    assert {9, 10} <= index.list_ids()


@pytest.mark.parametrize(
    "question",
    [
        "",
        "   ",
        '"(((',
        "AND OR NOT",
        "a:b^2~ [x TO y] *",
        "\\",
        "😀😀",
        "\x00",
        "x" * 100_000,
        "word " * 20_000,
        "\ud800",
    ],
    ids=lambda question: repr(question[:12]),
)
def test_any_string_can_be_asked(index, question):
    assert isinstance(index.search(question, 5), list)


def test_a_document_is_found_by_its_name_and_title(index):
    assert found(index, "leave.pdf")[0] == 3
    assert found(index, "boiler manual")[0] == 1


def test_the_context_of_a_document_is_its_name_title_and_opening(index):
    context = index.read_context("manuals/boiler.md")
    assert {term_key("manual"), term_key("boiler")} <= context.name
    assert term_key("valv") in context.opening
    assert term_key("filter") not in context.opening
    assert not index.read_context("unknown.md").name


def test_the_context_is_that_of_the_newest_version(index):
    assert term_key("valv") in index.read_context("manuals/boiler.md").opening
    index.add([LexicalEntry(20, "manuals/boiler.md", 0, "", "", "Everything is new here.")])
    index.commit()
    assert term_key("valv") not in index.read_context("manuals/boiler.md").opening


def test_names_and_numbers_are_weighed_by_the_names_of_documents(index):
    years = [(f"reports/report-{year}.txt", year) for year in (2021, 2022, 2023)]
    for number, (source, year) in enumerate(years):
        text = f"In {year - 1} we spent less than in {year}, and Boiler is a word here."
        index.add(
            [
                LexicalEntry(40 + 2 * number, source, 0, "", "", text),
                LexicalEntry(41 + 2 * number, source, 1, "", "", text),
            ]
        )
    index.add([LexicalEntry(60, "minutes/2024-03.md", 0, "", "", "Nothing was decided.")])
    index.commit()

    def weigh(question, *names):
        return index.measure_in_names(question, index.find_terms(question), names)

    assert weigh("What did we spend in 2022?").keys() == {term_key("2022")}
    assert weigh("spend on the boiler", "boiler").keys() == {term_key("boiler")}
    assert weigh("What was decided in March 2024?").keys() == {term_key("2024"), term_key("202403")}
    assert weigh("spend on the boiler") == weigh("What happened in 1999?", "Zeppelin") == {}
    rarity = weigh("2022")
    index.add([LexicalEntry(61, "letters/2022.md", 0, "", "", "Another of that year.")])
    index.commit()
    assert weigh("2022")[term_key("2022")] < rarity[term_key("2022")]
    index.remove([61])
    index.commit()
    assert weigh("2022") == rarity  # what was there before leaves no trace


def test_terms_come_with_the_number_of_chunks_that_have_them(index):
    counts = {term.text: term.chunks for term in index.find_terms("valve zeppelin every")}
    assert counts == {"valv": 1, "zeppelin": 0, "everi": 2}
    idf = {term.text: term.idf for term in index.find_terms("valve zeppelin every")}
    assert idf["zeppelin"] > idf["valv"] > idf["everi"] > 0


@pytest.mark.parametrize(
    ("only", "ids"),
    [
        (Restriction("hr"), {3, 4}),
        (Restriction("hr/"), {3, 4}),
        (Restriction("h"), set()),
        (Restriction("hr/leave.pdf"), {3}),
        (Restriction(file_type="MD"), {1, 2}),
        (Restriction("hr", ".txt"), {4}),
        (Restriction(), {1, 2, 3, 4}),
    ],
)
def test_a_restriction_keeps_to_its_documents(index, only, ids):
    question = "valve filter leave rejser"
    assert set(found(index, question, only)) == ids


def test_a_large_index_does_not_search_for_what_nearly_all_chunks_have_unless_there_is_nothing_else(index, monkeypatch):
    texts = ["The harbour opens at noon.", "The harbour closes.", "The harbour rests.", "The harbour is wide."]
    index.add(LexicalEntry(50 + n, f"{n}.md", 0, "", "", text, "en") for n, text in enumerate(texts))
    index.remove(range(1, 5))
    index.commit()
    assert set(found(index, "harbour noon")) == {50, 51, 52, 53}
    monkeypatch.setattr("rag.index.lexical.index._LARGE", 4)
    assert found(index, "harbour noon") == [50]
    assert set(found(index, "harbour zeppelin")) == {50, 51, 52, 53}


def test_the_terms_of_a_passage_come_in_order_with_its_section_s_first(index):
    index.add([LexicalEntry(40, "a.md", 0, "Title", "Care", "Clean the valve, the valve of the boiler.", "en")])
    index.commit()
    passages = index.read_passages([40, 99])
    assert list(passages) == [40]
    terms = ["care", "clean", "the", "valv", "the", "valv", "of", "the", "boiler"]
    assert passages[40].tolist() == list(map(term_key, terms))


def test_a_restriction_leaves_the_scores_as_they_are(index):
    assert index.search("annual leave", 5, Restriction("hr")) == index.search("annual leave", 5)


def test_a_file_name_that_is_no_text_is_found_all_the_same(index):
    index.add([LexicalEntry(30, "caf\udce9/menu.txt", 0, "", "", "zeppelin")])
    index.commit()
    assert found(index, "zeppelin", Restriction("caf\udce9")) == [30]
    assert term_key("zeppelin") in index.read_context("caf\udce9/menu.txt").opening


def test_languages_are_told_from_the_text(index):
    assert index.languages == {"en": 3, "da": 1}


@pytest.mark.parametrize("question", ["Where is the amber?", "Wo ist amber?", "amber grove", "amber"])
def test_a_note_of_two_words_is_found_whatever_language_it_and_the_question_look_like(index, question):
    notes = [LexicalEntry(21, "one/b.txt", 1, "", "", "amber grove"), LexicalEntry(22, "one.txt", 0, "", "", "amber")]
    index.add([*notes, LexicalEntry(23, "Steine.txt", 0, "", "", "Die Steine liegen im Schrank neben der Tür.")])
    index.commit()
    assert {21, 22} <= set(found(index, question))


def test_a_damaged_index_is_named_with_what_to_do(index, tmp_path):
    (tmp_path / "lexical" / "meta.json").write_text("{")
    with pytest.raises(IndexUnusableError, match=r"lexical.*pagewise ingest"):
        LexicalIndex(tmp_path / "lexical")


def test_a_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / "lexical").write_text("")
    with pytest.raises(IndexUnusableError, match="lexical"):
        LexicalIndex(tmp_path / "lexical")
