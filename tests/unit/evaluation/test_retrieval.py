import json
import math
import random

import pytest

from rag.errors import SettingsError
from rag.evaluation.retrieval import (
    METRICS,
    Dataset,
    compute_auroc,
    evaluate,
    index_folder,
    list_units,
    load_baseline,
    rank_metrics,
)
from rag.ranking.abstention import choose_verdict
from rag.settings import Settings
from rag.types import Chunk, Retrieval, ScoredChunk, StoredChunk


def retrieval(*places, confidence=0.9):
    hits = tuple(ScoredChunk(StoredChunk(n, Chunk(s, n, "", page=p)), 1 / (n + 1)) for n, (s, p) in enumerate(places))
    return Retrieval("", "hybrid", hits, choose_verdict(confidence, 1.0), confidence)


def write(folder, *rows):
    (folder / "corpus").mkdir(exist_ok=True)
    (folder / "questions.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return Dataset.load(folder)


def test_the_unit_is_the_page_where_every_place_names_one(tmp_path):
    dataset = write(tmp_path, {"question": "a", "relevant": [{"source": "x.pdf", "page": 3}]})
    assert (dataset.unit, dataset.questions[0].relevant) == ("page", frozenset({("x.pdf", 3)}))


def test_the_unit_is_the_document_where_a_place_has_no_page(tmp_path):
    rows = [{"source": "x.pdf", "page": 3}], [{"source": "y.txt"}]
    dataset = write(tmp_path, *({"question": "a", "relevant": relevant} for relevant in rows))
    assert (dataset.unit, dataset.questions[0].relevant) == ("source", frozenset({("x.pdf", None)}))


def test_only_the_question_is_needed(tmp_path):
    (question,) = write(tmp_path, {"question": "a"}).questions
    assert (question.answerable, question.relevant, question.answers) == (True, frozenset(), ())
    assert (question.kind, question.language) == ("", "")


@pytest.mark.parametrize("name", ["language", "lang"])
def test_kind_and_language_are_the_datasets_own_words(tmp_path, name):
    (question,) = write(tmp_path, {"question": "a", "kind": "table", name: "da"}).questions
    assert (question.kind, question.language) == ("table", "da")


def test_golden_documents_and_excerpts_are_read(tmp_path):
    row = {"question": "a", "relevant": [{"source": "x.txt"}], "gold": ["x.txt", "y.txt"], "spans": [[0, 4], [9, 12]]}
    (question,) = write(tmp_path, row).questions
    assert (question.golden, question.spans) == (("x.txt", "y.txt"), ((0, 4), (9, 12)))


@pytest.mark.parametrize("spans", [[[4, 4]], [[-1, 3]], [[5]], [3], "ab"])
def test_excerpts_that_are_none_are_refused(tmp_path, spans):
    with pytest.raises(SettingsError, match="line 1"):
        write(tmp_path, {"question": "a", "relevant": [{"source": "x.txt"}], "spans": spans})


def test_excerpts_without_the_one_file_that_they_are_of_are_refused(tmp_path):
    with pytest.raises(SettingsError, match="line 1"):
        write(tmp_path, {"question": "a", "relevant": [{"source": "x"}, {"source": "y"}], "spans": [[0, 4]]})


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"text": "a"}', '{"question": 3}', '{"question": "a", "relevant": [{"page": 1}]}']
)
def test_a_line_that_is_no_question_is_named(tmp_path, line):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "questions.jsonl").write_text('{"question": "fine"}\n' + line + "\n")
    with pytest.raises(SettingsError, match="line 2"):
        Dataset.load(tmp_path)


def test_a_folder_without_questions_or_corpus_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="corpus"):
        Dataset.load(tmp_path)
    with pytest.raises(SettingsError, match="no questions"):
        write(tmp_path)


def test_a_place_counts_once_however_many_passages_it_has():
    found = retrieval(("a", 1), ("a", 1), ("a", 2), ("b", 1))
    assert list_units(found, "page") == [("a", 1), ("a", 2), ("b", 1)]
    assert list_units(found, "source") == [("a", None), ("b", None)]


def test_metrics_of_a_ranking_worked_out_by_hand():
    figures = rank_metrics([("x", None), ("a", None), ("y", None), ("b", None)], frozenset({("a", None), ("b", None)}))
    ideal = 1 + 1 / math.log2(3)
    assert figures == {
        "hit@1": 0.0,
        "recall@1": 0.0,
        "recall@5": 1.0,
        "recall@10": 1.0,
        "mrr@10": 0.5,
        "ndcg@10": pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / ideal),
    }


def test_metrics_are_those_of_the_ir_measures_library():
    ir_measures = pytest.importorskip("ir_measures", reason="ir_measures has no wheel for Linux on ARM")
    names = dict(zip(METRICS, ("Success@1", "R@1", "R@5", "R@10", "RR@10", "nDCG@10"), strict=True))
    rng = random.Random(0)
    for _ in range(50):
        ranking = rng.sample([(f"d{n}", None) for n in range(30)], 15)
        relevant = frozenset(rng.sample([(f"d{n}", None) for n in range(30)], rng.randint(1, 14)))
        qrels = {"q": {source: 1 for source, _ in relevant}}
        run = {"q": {source: 100.0 - place for place, (source, _) in enumerate(ranking)}}
        theirs = ir_measures.calc_aggregate([ir_measures.parse_measure(name) for name in names.values()], qrels, run)
        theirs = {str(measure): value for measure, value in theirs.items()}
        ours = rank_metrics(ranking, relevant)
        assert all(ours[name] == pytest.approx(theirs[their]) for name, their in names.items())


def test_auroc_is_the_share_of_pairs_in_the_right_order():
    rng = random.Random(0)
    for _ in range(50):
        held, absent = ([round(rng.random(), 1) for _ in range(rng.randint(1, 30))] for _ in range(2))
        right = [(one > other) + (one == other) / 2 for one in held for other in absent]
        assert compute_auroc(held, absent) == pytest.approx(sum(right) / len(right), abs=1e-4)


@pytest.mark.parametrize(
    ("positive", "negative", "area"),
    [
        ([0.9, 0.8], [0.1, 0.2], 1.0),
        ([0.1], [0.9], 0.0),
        ([0.5], [0.5], 0.5),
        ([0.9, 0.3], [0.5], 0.5),
        ([], [1.0], None),
    ],
)
def test_auroc_is_the_chance_of_the_right_order(positive, negative, area):
    assert compute_auroc(positive, negative) == area


def test_an_evaluation_has_the_promised_figures(tmp_path):
    dataset = write(
        tmp_path,
        {"question": "held", "relevant": [{"source": "a"}]},
        {"question": "missed", "relevant": [{"source": "b"}]},
        {"question": "absent", "answerable": False, "kind": "far"},
    )
    confidences = {"held": 0.9, "missed": 0.02, "absent": 0.6}
    steps = []

    def retrieve(question, *, mode, top_k):
        return retrieval(("a", None), ("c", None), confidence=confidences[question])

    report = evaluate(dataset, retrieve, ["hybrid", "lexical"], lambda done, total: steps.append((done, total)))
    assert report["modes"]["hybrid"] == dict.fromkeys(METRICS, 0.5)
    assert report["abstention"] == {
        "auroc": 0.5,
        "auroc_far": 0.5,
        "auroc_near": None,
        "ece": round((0.1 + 0.98 + 0.6) / 3, 4),
        "risk@50%": 0.5,
        "risk@80%": 0.5,
        "false_answer_rate": 1.0,
        "false_decline_rate": 0.5,
        "no_rate_answerable": 0.5,
        "no_rate_absent": 0.0,
        "no_precision": 0.0,
        "yes_rate_absent": 0.0,
        "unsure_rate": 0.3333,
        "verdicts_by_kind": {"far": {"unsure": 1}},
    }
    assert (report["questions"], report["unit"], list(report["milliseconds"])) == (3, "source", ["p50", "p95"])
    assert steps == [(n, 6) for n in range(1, 7)]


@pytest.mark.parametrize("content", [None, "{", "[]", "{}"])
def test_what_is_no_baseline_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "before.json").write_text(content)
    with pytest.raises(SettingsError, match=r"before\.json"):
        load_baseline(tmp_path / "before.json")


def test_each_dataset_has_an_index_of_its_own(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    settings = Settings(index_dir=tmp_path / "index")
    folders = {index_folder(write(tmp_path / name, {"question": "a"}), settings) for name in ("one", "two")}
    assert len(folders) == 2
    assert all(settings.index_dir in folder.parents for folder in folders)
