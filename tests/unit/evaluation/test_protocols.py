import pytest

from rag.evaluation.protocols import SourceText, measure_protocols
from rag.evaluation.report import format_report
from rag.evaluation.retrieval import Dataset, Question, evaluate
from rag.types import Chunk, Retrieval, ScoredChunk, StoredChunk


def found(*passages, scores=None):
    hits = tuple(
        ScoredChunk(StoredChunk(n, Chunk(source, n, text)), scores[n] if scores else 1.0)
        for n, (source, text) in enumerate(passages)
    )
    return Retrieval("", "hybrid", hits, "yes", 0.9)


def make_dataset(folder, files, *questions):
    for name, text in files.items():
        path = folder / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="")
    return Dataset(folder, questions, "source")


def ask(*relevant, golden=(), spans=(), answerable=True):
    places = frozenset((source, None) for source in relevant)
    return Question("1", "?", answerable, places, (), golden=golden, spans=spans)


def never(question, *, top_k):
    raise AssertionError("without spans nothing else is asked")


def test_precision_recall_and_mrr_of_the_first_three_worked_out_by_hand(tmp_path):
    dataset = make_dataset(tmp_path, {}, ask("b", "e"), ask("x"), ask("y", answerable=False))
    rankings = [found(("a", ""), ("b", ""), ("b", "again"), ("c", ""), ("e", "")), found(("x", ""), ("a", "")), found()]
    figures = measure_protocols(dataset, rankings, never)
    # first question: 1 of 3, 1 of 2, second place; second: 1 of 2 found, 1 of 1, first place; the third doesn't count
    assert figures == {"precision@3": round((1 / 3 + 1 / 2) / 2, 4), "recall@3": 0.75, "mrr@3": 0.75}


def test_golden_documents_count_by_their_text_and_within_the_first_five_ten_and_twenty(tmp_path):
    files = {f"{n:02}": f"text {n}" for n in range(25)} | {"copy": "text 3"}
    dataset = make_dataset(tmp_path, files, ask("03", "07", golden=("03", "07", "15", "24")))
    order = ["copy", *(f"{n:02}" for n in range(25) if n != 3)]
    figures = measure_protocols(dataset, [found(*((name, "") for name in order))], never)
    # the copy of 03 comes first, 07 eighth, 15 sixteenth, 24 last
    assert (figures["pass@5"], figures["pass@10"], figures["pass@20"]) == (0.25, 0.5, 0.75)


def test_characters_of_five_passages_worked_out_by_hand(tmp_path):
    text = "0123456789 abcdefghij ABCDEFGHIJ\r\nklmnop"
    dataset = make_dataset(tmp_path, {"a": text, "b": "another file"}, ask("a", spans=((5, 16), (22, 27))))
    asked = []

    def retrieve(question, *, top_k):
        asked.append((question, top_k))
        passages = ("a", "0123456789 abc"), ("a", "789  abcdefghij"), ("b", "another"), ("a", "klmnop")
        return found(*passages, scores=(10, 7, 6, 1))

    figures = measure_protocols(dataset, [found()], retrieve)
    # the last passage is too far behind the first for a model to read it
    # shown: 14 + 14 + 7 characters; held of the excerpts' 11 + 5: 5 to 16 exclusive, which is 11; missing: 5
    assert asked == [("?", 5)]
    assert figures["character_recall"] == round(11 / 16, 4)
    assert figures["character_precision"] == round(11 / 35, 4)
    assert figures["character_iou"] == round(11 / 40, 4)
    assert figures["located"] == 1


def test_a_passage_that_is_not_in_its_file_word_for_word_holds_nothing_and_is_told(tmp_path):
    dataset = make_dataset(tmp_path, {"a": "one two three"}, ask("a", spans=((0, 7),)))
    figures = measure_protocols(dataset, [found()], lambda question, *, top_k: found(("a", "one 2"), ("a", "two")))
    assert (figures["located"], figures["character_recall"]) == (0.5, round(3 / 7, 4))
    assert figures["character_precision"] == round(3 / 8, 4)


@pytest.mark.parametrize(
    ("passage", "place"),
    [("b c", (2, 5)), ("b\n c", (2, 5)), ("a", (0, 1)), ("cd", (4, 9)), ("ca", None), (" ", None), ("", None)],
)
def test_a_passage_is_found_whatever_its_white_space(passage, place):
    assert SourceText("a b c\r\n\td").find(passage) == place


def test_the_report_has_the_figures_of_each_search_and_their_change(tmp_path):
    dataset = make_dataset(tmp_path, {"a": "x"}, ask("a"))
    report = evaluate(dataset, lambda text, *, mode, top_k: found(("a", "x")), ["dense"], measure=measure_protocols)
    assert report["protocols"] == {"dense": {"precision@3": 1.0, "recall@3": 1.0, "mrr@3": 1.0}}
    before = {"protocols": {"dense": {"mrr@3": 0.75}}}
    assert "+0.2500" in next(line for line in format_report(report, before).splitlines() if line.startswith("mrr@3"))
