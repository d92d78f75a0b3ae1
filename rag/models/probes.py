"""How an export is compared with its original: the texts, questions and passages that both are run on, and how far
their results agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.models.manifest import Agreement

if TYPE_CHECKING:
    import numpy as np

    from rag.models.onnx import Vectors

PROBE_SENTENCES = (
    "The lighthouse keeper wrote down the weather every evening at six.",
    "How many days do I have to return a parcel that arrived damaged?",
    "Revenue rose 14.2 % to $3,481 million; operating margin fell from 21.7 % to 19.9 %.",
    "def median(values): return sorted(values)[len(values) // 2]",
    "Die Wartung der Pumpe ist alle 500 Betriebsstunden fällig, spätestens nach zwölf Monaten.",
    "Le train de nuit pour Marseille part à 21 h 47 du quai numéro sept.",
    "La cosecha de aceitunas empezó tarde este año por falta de lluvia.",
    "Каталог хранится в зале редких книг на втором этаже библиотеки.",
    "会議の議事録は翌営業日までに共有してください。",
    "该合同自双方签字之日起生效，有效期三年。",
    "회의실 예약은 사내 포털에서 할 수 있습니다.",
    "इस नदी पर बना पुल पिछले वर्ष यातायात के लिए खोला गया।",
    "يجب حفظ الدواء في مكان بارد وجاف بعيدا عن متناول الأطفال.",
    "Error 0x80070057: the parameter is incorrect (module: netio.sys, build 19041.3636).",
    "Mitochondria convert nutrients into adenosine triphosphate, the energy currency of the cell.",
    "Clause 7.3(b): either party may terminate this agreement upon thirty (30) days' written notice.",
    "Sæt ovnen på 200 grader og bag brødet i femogtredive minutter.",
    "Whisk the eggs, fold in the flour, and let the batter rest for half an hour before frying.",
)

PROBE_QUESTIONS = (
    "What did the lighthouse keeper write down every evening?",
    "By how much did revenue grow?",
    "How often does the pump need maintenance?",
    "When does the night train to Marseille leave?",
    "Где хранится каталог?",
    "会議の議事録はいつまでに共有しますか。",
    "What does error 0x80070057 mean?",
    "How much notice ends the agreement?",
)
"""Each of these questions is answered by one of the sentences."""

UNRELATED_TEXTS = (
    "How much annual leave does an employee get?",
    "The river floods the valley every spring after the snow melts.",
    "Net sales rose by eight percent compared with the same quarter last year.",
    "Who painted the ceiling of the chapel?",
    "Replace the filter and tighten the screws before starting the pump.",
    "The enzyme breaks down proteins in the small intestine.",
    "When was the bridge opened to traffic?",
    "The function returns null if the file does not exist.",
    "Add the flour and knead the dough for ten minutes.",
    "The court dismissed the claim for lack of evidence.",
    "What is the boiling point of ethanol?",
    "The team won the final after extra time.",
    "Passengers must check in at least one hour before departure.",
    "The committee approved the budget for the coming year.",
    "Which king signed the treaty that ended the war?",
    "Our galaxy contains several hundred billion stars.",
    "The patient was treated with antibiotics for two weeks.",
    "How do I reset my password?",
    "The novel tells the story of a family over three generations.",
    "Students learn to read music and play an instrument.",
    "Temperatures will fall below zero in the north tonight.",
    "The warranty does not cover damage caused by improper use.",
    "What language is spoken in the capital of Brazil?",
    "Solar panels convert light into electricity.",
)
"""Texts that have nothing to do with each other."""


def list_probe_texts() -> list[str]:
    """Short, middling and over-long texts in several languages, one word, and none."""
    sentences = list(PROBE_SENTENCES)
    return [*sentences, *_join_paragraphs(), " ".join(sentences), " ".join(sentences * 40), "Invoice", ""]


def list_probe_questions() -> list[str]:
    """Questions, the last of them over-long."""
    return [*PROBE_QUESTIONS, _make_long_text()]


def list_probe_passages() -> list[str]:
    """Passages that answer some of the questions, an over-long one, and none."""
    return [*_join_paragraphs(), _make_long_text(), ""]


def _make_long_text() -> str:
    """A text longer than most models read, though not by much: for a pair of texts the tokenizer makes all combinations
    of what it cuts off.
    """
    return " ".join(PROBE_SENTENCES * 2)


def _join_paragraphs() -> list[str]:
    return [" ".join(PROBE_SENTENCES[start : start + 4]) for start in range(0, len(PROBE_SENTENCES), 3)]


def compare_by_cosine(found: Vectors, expected: Vectors) -> Agreement:
    """Mean and minimum cosine of normalised vectors, row by row; 0 for a row that holds what is no number."""
    import numpy as np

    return _summarise(np.sum(found * expected, axis=1))


def measure_spread(vectors: Vectors) -> float:
    """Standard deviation of the cosines of the rows, normalised vectors of `UNRELATED_TEXTS`."""
    import numpy as np

    return float((vectors @ vectors.T)[np.triu_indices(len(vectors), 1)].std())


def compare_by_concordance(found: Vectors, expected: Vectors) -> Agreement:
    """Mean and minimum of Lin's concordance correlation coefficient of the scores, row by row.

    Unlike a correlation it is 1 only for equal scores. From L. I. Lin, A concordance correlation coefficient to
    evaluate reproducibility, Biometrics 45 (1989). Two rows that each repeat one score agree only if it is the same.
    """
    import numpy as np

    left, right = found.astype(np.float64), expected.astype(np.float64)
    left_mean, right_mean = left.mean(axis=1), right.mean(axis=1)
    shared = np.mean((left - left_mean[:, None]) * (right - right_mean[:, None]), axis=1)
    spread = left.var(axis=1) + right.var(axis=1) + (left_mean - right_mean) ** 2
    return _summarise(np.where(spread == 0, 1.0, 2 * shared / np.where(spread == 0, 1.0, spread)))


def _summarise(likenesses: np.ndarray) -> Agreement:
    import numpy as np

    known = np.nan_to_num(likenesses, nan=0.0)
    return Agreement(round(float(known.mean()), 6), round(float(known.min()), 6))
