from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from page.addresses.metrics import Metrics
from rag.answering.events import AnswerReport
from rag.index.catalog.records import Failure
from rag.index.index import IndexStatus
from rag.types import Citation

SECRET = "The safe is behind the blue door"
REPORT = AnswerReport(
    question=f"Where? {SECRET}",
    answer=SECRET,
    answerable=True,
    citations=(Citation(1, "secret-plan.md", None, SECRET),),
    model="tiny:1",
    route="local",
    milliseconds={"retrieve": 20.0, "quotes": 30.0, "first_token": 400.0, "total": 6000.0},
    verdict="yes",
    outcome="answered",
    quotes=SECRET,
)
HELD = IndexStatus(
    2, 9, 7, (Failure("secret-plan.pdf", SECRET, "read", 0.0),), {"embedding": "x"}, 3, 4096, rebuilding=False
)


def read(metrics: Metrics) -> tuple[str, dict[tuple[str, ...], float]]:
    """The whole text, and each of our values by its name and labels."""
    text = metrics.render(HELD, is_model_ready=True).decode()
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return text, {(sample.name, *sample.labels.values()): sample.value for sample in samples}


def test_questions_stages_and_failures_are_counted():
    metrics = Metrics()
    metrics.note_answer(REPORT)
    metrics.note_answer(REPORT)
    for _ in range(5):
        metrics.note_piece()
    metrics.note_failure("question")
    _, values = read(metrics)
    assert values["pagewise_questions_total", "answered", "local", "yes"] == 2
    assert values["pagewise_stage_seconds_count", "first_token"] == 2
    assert values["pagewise_stage_seconds_sum", "total"] == 12
    assert values["pagewise_answer_pieces_total",] == 5
    assert values["pagewise_failures_total", "question"] == 1
    assert values["pagewise_failures_total", "model"] == 0


def test_the_size_of_the_index_and_the_model_are_told():
    _, values = read(Metrics())
    sizes = {name[1]: value for name, value in values.items() if name[0] == "pagewise_index"}
    assert sizes == {"documents": 2, "passages": 9, "vectors": 7, "failed": 1, "bytes": 4096}
    assert values["pagewise_model_ready",] == 1


def test_no_text_and_no_name_is_told():
    metrics = Metrics()
    metrics.note_answer(REPORT)
    text, _ = read(metrics)
    assert not [word for word in ("safe", "door", "secret", "Where") if word in text]
