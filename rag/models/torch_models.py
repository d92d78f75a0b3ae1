"""Models as sentence-transformers runs them, and how their exports are compared with them.

Sole owner of sentence_transformers, transformers and torch.
"""

from __future__ import annotations

import contextlib
import logging
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rag.errors import EmbeddingModelError
from rag.models.hub import not_loaded
from rag.models.onnx import TOKENIZER_FILE, Agreement, OnnxModel, Prefixes
from rag.models.source import RERANKING, Source, first_line

if TYPE_CHECKING:
    import torch

    from rag.models.onnx import Vectors

_OPSET = 20  # the first with Gelu as one operator
_CHATTY_LOGGERS = (
    "torch.onnx",
    "torch.utils.flop_counter",
    "transformers",
    "sentence_transformers",
    "huggingface_hub",
    "onnxscript",
)
_DEFAULT_MAX_TOKENS = 512  # for a model that names no limit

# Prefixes of model families whose configuration files leave them out, from the models' own cards.
_FAMILY_PREFIXES = (
    (
        r"e5-.*instruct",
        "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: ",
        "",
    ),
    (r"(^|[-_])e5-", "query: ", "passage: "),
    (r"bge-(small|base|large)-en", "Represent this sentence for searching relevant passages: ", ""),
    (r"bge-(small|base|large)-zh", "为这个句子生成表示以用于检索相关文章：", ""),
    (r"nomic-embed-text", "search_query: ", "search_document: "),
)

_PROBE_SENTENCES = (
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

_PROBE_QUESTIONS = (
    "What did the lighthouse keeper write down every evening?",
    "By how much did revenue grow?",
    "How often does the pump need maintenance?",
    "When does the night train to Marseille leave?",
    "Где хранится каталог?",
    "会議の議事録はいつまでに共有しますか。",
    "What does error 0x80070057 mean?",
    "How much notice ends the agreement?",
)
"""Each is answered by one of the sentences."""


def probe_texts() -> list[str]:
    """Short, middling and over-long texts in several languages, one word, and none."""
    sentences = list(_PROBE_SENTENCES)
    return [*sentences, *_paragraphs(), " ".join(sentences), " ".join(sentences * 40), "Invoice", ""]


def probe_questions() -> list[str]:
    """Questions, the last of them over-long."""
    return [*_PROBE_QUESTIONS, _long_text()]


def probe_passages() -> list[str]:
    """Passages that answer some of the questions, an over-long one, and none."""
    return [*_paragraphs(), _long_text(), ""]


def _long_text() -> str:
    """Longer than most models read. Not by much: of a pair the tokenizer makes all combinations of what it cuts off."""
    return " ".join(_PROBE_SENTENCES * 2)


def _paragraphs() -> list[str]:
    return [" ".join(_PROBE_SENTENCES[start : start + 4]) for start in range(0, len(_PROBE_SENTENCES), 3)]


# Loading


@contextlib.contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keep the libraries' advice for developers away from the user."""
    import torch  # noqa: F401 (it sets levels of its own while it is imported)

    loggers = [logging.getLogger(name) for name in _CHATTY_LOGGERS]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for logger in loggers:
                logger.setLevel(logging.ERROR)
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


class Original(Protocol):
    """A loaded model and what an export needs to know of it."""

    @property
    def source(self) -> Source: ...
    @property
    def model(self) -> Any: ...  # noqa: ANN401 (its type would import torch)
    @property
    def max_tokens(self) -> int: ...
    @property
    def dimensions(self) -> int: ...
    @property
    def prefixes(self) -> Prefixes: ...
    @property
    def example(self) -> dict[str, list[int]]:
        """The inputs that the graph takes, by name, for one text or pair."""

    def finish(self, features: dict[str, Any]) -> torch.Tensor:
        """The result, from what the last part of the model gives."""

    def results(self) -> Vectors:
        """On the probes; the model is not changed afterwards."""

    def results_of(self, export: OnnxModel) -> Vectors: ...
    def agreement(self, found: Vectors, expected: Vectors) -> Agreement: ...


def load_original(source: Source, *, local_only: bool) -> Original:
    """Raises EmbeddingModelError, for an exporter's user, if it can't be loaded or isn't of its kind."""
    from sentence_transformers import CrossEncoder, SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        # Eager attention exports without the masking steps that the other kinds add.
        model = (CrossEncoder if source.kind == RERANKING else SentenceTransformer)(
            source.location,
            device="cpu",
            local_files_only=local_only,
            model_kwargs={"attn_implementation": "eager", "dtype": "float32"},
        )
    except Exception as exc:  # hub, network, file and configuration errors, each of its own family
        raise not_loaded(source, first_line(exc)) from exc
    if reason := _why_unusable(model) or (_why_no_cross_encoder(model) if source.kind == RERANKING else ""):
        raise unsupported(source, reason)
    max_tokens = model.max_seq_length = _token_limit(model)
    return (RerankingOriginal if source.kind == RERANKING else EmbeddingOriginal)(source, model.eval(), max_tokens)


def unsupported(source: Source, reason: str) -> EmbeddingModelError:
    return EmbeddingModelError(
        f"The {source.kind.noun} {source.name!r} cannot be used: {reason}. Choose another {source.kind.setting}."
    )


def _why_unusable(model: Any) -> str:  # noqa: ANN401
    from sentence_transformers.base.modules.transformer import Transformer

    if not isinstance(model[0], Transformer):
        return f"its first part is {type(model[0]).__name__}, not a transformer of text"
    if not all(getattr(module, "include_prompt", True) for module in model):
        return "it leaves its prompt out of the pooling"
    return "" if getattr(model.tokenizer, "is_fast", False) else "it has no fast tokenizer"


def _why_no_cross_encoder(model: Any) -> str:  # noqa: ANN401
    """Loaded as one, a model of any other kind gets a last layer of random weights in silence."""
    made_as = next(iter(model[0].config.architectures or ()), "a model of unknown kind")
    if model[0].transformer_task == "sequence-classification" and not made_as.endswith("ForSequenceClassification"):
        return f"it is no cross-encoder but {made_as}, which has no layer that scores a pair"
    if model[0].transformer_task == "text-generation" or "message" in model[0].modality_config:
        return f"it is no cross-encoder of text but a language model ({made_as})"
    if model.num_labels != 1:  # sentence-transformers ranks by none of these either
        return f"it gives a pair {model.num_labels} labels instead of one score"
    return ""


def _token_limit(model: Any) -> int:  # noqa: ANN401
    """Tokens that the model reads, by the smallest limit that it names."""
    config = model[0].config
    # RoBERTa's position table begins after the padding index; BERT's padding index is 0 and its table whole.
    positions = getattr(config, "max_position_embeddings", None)
    if positions and getattr(config, "model_type", "") in {"roberta", "xlm-roberta", "camembert", "mpnet"}:
        positions -= (config.pad_token_id or 0) + 1
    limits = (model.max_seq_length, model.tokenizer.model_max_length, positions)
    return int(min((limit for limit in limits if limit and limit < 1 << 20), default=_DEFAULT_MAX_TOKENS))


# What each kind gives


@dataclass(frozen=True, slots=True)
class EmbeddingOriginal:
    """A SentenceTransformer: one text to one normalised vector."""

    source: Source
    model: Any
    max_tokens: int

    @property
    def dimensions(self) -> int:
        return int(self.model.get_embedding_dimension())

    @property
    def prefixes(self) -> Prefixes:
        """The model's own prompts, else those of its family."""
        prompts = {name: text for name, text in (self.model.prompts or {}).items() if text}
        if not prompts:
            return family_prefixes(self.source.name)
        default = prompts.get(self.model.default_prompt_name or "", "")
        return Prefixes(
            query=_first(prompts, ("query",), default),
            document=_first(prompts, ("document", "passage", "corpus"), default),
        )

    @property
    def example(self) -> dict[str, list[int]]:
        return {"input_ids": self.model.tokenizer(_PROBE_SENTENCES[0])["input_ids"]}

    def finish(self, features: dict[str, Any]) -> torch.Tensor:
        import torch

        return torch.nn.functional.normalize(features["sentence_embedding"], dim=1)

    def results(self) -> Vectors:
        found: Vectors = self.model.encode(
            probe_texts(), batch_size=1, prompt="", normalize_embeddings=True, show_progress_bar=False
        )
        return found

    def results_of(self, export: OnnxModel) -> Vectors:
        return export.rows(export.encode, probe_texts())

    def agreement(self, found: Vectors, expected: Vectors) -> Agreement:
        return cosine_agreement(found, expected)


@dataclass(frozen=True, slots=True)
class RerankingOriginal:
    """A CrossEncoder: a question and a passage to one score, by the activation that its configuration names."""

    source: Source
    model: Any
    max_tokens: int

    @property
    def dimensions(self) -> int:
        return 1

    @property
    def prefixes(self) -> Prefixes:
        """Before the question alone, as CrossEncoder does it."""
        return Prefixes(query=(self.model.prompts or {}).get(self.model.default_prompt_name or "", ""))

    @property
    def example(self) -> dict[str, list[int]]:
        tokens = self.model.tokenizer(_PROBE_QUESTIONS[0], _PROBE_SENTENCES[0])
        return {name: tokens[name] for name in ("input_ids", "token_type_ids") if name in tokens}

    def finish(self, features: dict[str, Any]) -> torch.Tensor:
        scores: torch.Tensor = self.model.activation_fn(features["scores"])
        return scores

    def results(self) -> Vectors:
        """A row a question."""
        found = self.model.predict(_probe_pairs(), batch_size=1, show_progress_bar=False)
        return _by_question(found)

    def results_of(self, export: OnnxModel) -> Vectors:
        prefix = self.prefixes.query
        return _by_question(export.rows(lambda pair: export.encode(prefix + pair[0], pair[1]), _probe_pairs()))

    def agreement(self, found: Vectors, expected: Vectors) -> Agreement:
        return concordance_agreement(found, expected)


def _probe_pairs() -> list[tuple[str, str]]:
    return [(question, passage) for question in probe_questions() for passage in probe_passages()]


def _by_question(scores: Vectors) -> Vectors:
    return scores.reshape(len(probe_questions()), len(probe_passages()))


def cosine_agreement(found: Vectors, expected: Vectors) -> Agreement:
    """Mean and minimum cosine of normalised vectors, row by row; 0 if any isn't a number."""
    import numpy as np

    return _agreement(np.sum(found * expected, axis=1))


def concordance_agreement(found: Vectors, expected: Vectors) -> Agreement:
    """Mean and minimum of Lin's concordance correlation coefficient of the scores, row by row.

    Unlike a correlation it is 1 only for equal scores. From L. I. Lin, A concordance correlation coefficient to
    evaluate reproducibility, Biometrics 45 (1989). A row of one score throughout is as near to another as it is.
    """
    import numpy as np

    left, right = found.astype(np.float64), expected.astype(np.float64)
    left_mean, right_mean = left.mean(axis=1), right.mean(axis=1)
    shared = np.mean((left - left_mean[:, None]) * (right - right_mean[:, None]), axis=1)
    spread = left.var(axis=1) + right.var(axis=1) + (left_mean - right_mean) ** 2
    return _agreement(np.where(spread == 0, 1.0, 2 * shared / np.where(spread == 0, 1.0, spread)))


def _agreement(likenesses: Any) -> Agreement:  # noqa: ANN401
    import numpy as np

    known = np.nan_to_num(likenesses, nan=0.0)
    return Agreement(round(float(known.mean()), 6), round(float(known.min()), 6))


def _first(prompts: dict[str, str], names: Iterable[str], default: str) -> str:
    return next((prompts[name] for name in names if name in prompts), default)


def family_prefixes(name: str) -> Prefixes:
    """The prefixes that a family of models was trained with, by the model's name; empty for most."""
    base = name.rsplit("/", 1)[-1].lower()
    for pattern, query, document in _FAMILY_PREFIXES:
        if re.search(pattern, base):
            return Prefixes(query, document)
    return Prefixes()


# Exporting


def save_tokenizer(original: Original, folder: Path) -> None:
    tokenizer = original.model.tokenizer.backend_tokenizer
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.save(str(folder / TOKENIZER_FILE))


def weight_bytes(original: Original) -> int:
    return sum(weight.numel() * weight.element_size() for weight in original.model.parameters())


def save_graph(original: Original, path: Path, *, is_big: bool) -> None:
    """All parts of the model in a row, for one text or pair without padding and so without a mask."""
    import torch

    names = list(original.example)

    class TextToResult(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = torch.nn.ModuleList(original.model)

        def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
            features: dict[str, Any] = dict(zip(names, inputs, strict=True))
            for part in self.parts:
                features = part(features)
            return original.finish(features)

    try:
        with torch.no_grad():
            program = torch.onnx.export(
                TextToResult().eval(),
                tuple(torch.tensor([ids]) for ids in original.example.values()),
                dynamo=True,
                input_names=names,
                output_names=[original.source.kind.output],
                dynamic_shapes=(tuple({1: "tokens"} for _ in names),),
                opset_version=_OPSET,
                verbose=False,
            )
            assert program is not None
            program.save(path, external_data=is_big)
    except Exception as exc:  # the exporter fails in as many ways as there are operators
        raise unsupported(original.source, f"it cannot be exported to ONNX ({first_line(exc)})") from exc
