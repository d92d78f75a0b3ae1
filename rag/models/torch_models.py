"""Models as sentence-transformers runs them: loaded, run on the probes, exported.

Sole owner of sentence_transformers, transformers and torch.
"""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rag.errors import EmbeddingModelError
from rag.models.manifest import TOKENIZER_FILE, Agreement, Prefixes, find_family_prefixes
from rag.models.onnx import OnnxModel
from rag.models.probes import (
    PROBE_QUESTIONS,
    PROBE_SENTENCES,
    compare_by_concordance,
    compare_by_cosine,
    list_probe_passages,
    list_probe_questions,
    list_probe_texts,
)
from rag.models.source import RERANKING, Source, get_first_line, make_not_loaded_error

if TYPE_CHECKING:
    import torch
    from sentence_transformers import CrossEncoder, SentenceTransformer

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
    def max_tokens(self) -> int: ...
    @property
    def dimensions(self) -> int: ...
    @property
    def prefixes(self) -> Prefixes: ...
    def save_tokenizer(self, folder: Path) -> None: ...
    def save_graph(self, path: Path) -> None:
        """Export all parts of the model in a row, for one text or pair without padding and so without a mask."""

    def compute_results(self, exact: Path) -> Vectors:
        """The model's own results on the probes; `exact` is the folder of its graph in full precision."""

    def run_export(self, export: OnnxModel) -> Vectors:
        """The export's results on the probes."""

    def compare(self, found: Vectors, expected: Vectors) -> Agreement: ...


def load_original(source: Source, *, local_only: bool) -> Original:
    """Load the model. Raises EmbeddingModelError if it can't be loaded, or isn't what its kind calls for."""
    from sentence_transformers import CrossEncoder, SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers' own
    try:
        # Eager attention exports without the masking steps that the other kinds add.
        model = (CrossEncoder if source.kind == RERANKING else SentenceTransformer)(
            source.location,
            device="cpu",
            local_files_only=local_only,
            model_kwargs={"attn_implementation": "eager", "dtype": "float32"},
        )
    except Exception as exc:  # hub, network, file and configuration errors, each of its own family
        raise make_not_loaded_error(source, get_first_line(exc)) from exc
    if reason := _explain_unusable(model) or (_explain_no_cross_encoder(model) if source.kind == RERANKING else ""):
        raise make_unsupported_error(source, reason)
    max_tokens = model.max_seq_length = _find_token_limit(model)
    return (RerankingOriginal if source.kind == RERANKING else EmbeddingOriginal)(source, model.eval(), max_tokens)


def make_unsupported_error(source: Source, reason: str) -> EmbeddingModelError:
    return EmbeddingModelError(
        f"The {source.kind.noun} {source.name!r} cannot be used: {reason}. Choose another {source.kind.setting}."
    )


def _explain_unusable(model: SentenceTransformer | CrossEncoder) -> str:
    """Why a model of either kind can't be exported; empty if it can."""
    from sentence_transformers.base.modules.transformer import Transformer

    if not isinstance(model[0], Transformer):
        return f"its first part is {type(model[0]).__name__}, not a transformer of text"
    if not all(getattr(module, "include_prompt", True) for module in model):
        return "it leaves its prompt out of the pooling"
    return "" if getattr(model.tokenizer, "is_fast", False) else "it has no fast tokenizer"


def _explain_no_cross_encoder(model: Any) -> str:  # noqa: ANN401 (torch takes all attributes for tensors)
    """Why a model is no cross-encoder; empty if it is one.

    A model of another kind that is loaded as one gets a last layer of random weights in silence.
    """
    made_as = next(iter(model[0].config.architectures or ()), "a model of unknown kind")
    if model[0].transformer_task == "sequence-classification" and not made_as.endswith("ForSequenceClassification"):
        return f"it is no cross-encoder but {made_as}, which has no layer that scores a pair"
    if model[0].transformer_task == "text-generation" or "message" in model[0].modality_config:
        return f"it is no cross-encoder of text but a language model ({made_as})"
    if model.num_labels != 1:  # sentence-transformers ranks by none of these either
        return f"it gives a pair {model.num_labels} labels instead of one score"
    return ""


def _find_token_limit(model: Any) -> int:  # noqa: ANN401 (torch takes all attributes for tensors)
    """How many tokens the model reads: the smallest of the limits that it names."""
    config = model[0].config
    # RoBERTa's position table begins after the padding index; BERT's padding index is 0 and its table whole.
    positions = getattr(config, "max_position_embeddings", None)
    if positions and getattr(config, "model_type", "") in {"roberta", "xlm-roberta", "camembert", "mpnet"}:
        positions -= (config.pad_token_id or 0) + 1
    limits = (model.max_seq_length, model.tokenizer.model_max_length, positions)
    return int(min((limit for limit in limits if limit and limit < 1 << 20), default=_DEFAULT_MAX_TOKENS))


# What each kind gives


class _Loaded:
    """What is exported of a model of either kind."""

    source: Source
    model: Any

    @property
    def example(self) -> dict[str, list[int]]:
        """The inputs that the graph takes, by name, for one text or pair."""
        raise NotImplementedError

    def finish(self, features: dict[str, Any]) -> torch.Tensor:
        """The result, from what the last part of the model gives."""
        raise NotImplementedError

    def save_tokenizer(self, folder: Path) -> None:
        tokenizer = self.model.tokenizer.backend_tokenizer
        tokenizer.no_padding()
        tokenizer.no_truncation()
        tokenizer.save(str(folder / TOKENIZER_FILE))

    def save_graph(self, path: Path) -> None:
        import torch

        names, parts, finish = list(self.example), self.model, self.finish

        class TextToResult(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.parts = torch.nn.ModuleList(parts)

            def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
                features: dict[str, Any] = dict(zip(names, inputs, strict=True))
                for part in self.parts:
                    features = part(features)
                return finish(features)

        try:
            with torch.no_grad():
                program = torch.onnx.export(
                    TextToResult().eval(),
                    tuple(torch.tensor([ids]) for ids in self.example.values()),
                    dynamo=True,
                    input_names=names,
                    output_names=[self.source.kind.output],
                    dynamic_shapes=(tuple({1: "tokens"} for _ in names),),
                    opset_version=_OPSET,
                    verbose=False,
                )
                assert program is not None
                program.save(path, external_data=True)
        except Exception as exc:  # the exporter fails in as many ways as there are operators
            raise make_unsupported_error(self.source, f"it cannot be exported to ONNX ({get_first_line(exc)})") from exc


@dataclass(frozen=True)
class EmbeddingOriginal(_Loaded):
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
            return find_family_prefixes(self.source.name)
        default = prompts.get(self.model.default_prompt_name or "", "")
        return Prefixes(
            query=_choose_prompt(prompts, ("query",), default),
            document=_choose_prompt(prompts, ("document", "passage", "corpus"), default),
        )

    @property
    def example(self) -> dict[str, list[int]]:
        return {"input_ids": self.model.tokenizer(PROBE_SENTENCES[0])["input_ids"]}

    def finish(self, features: dict[str, Any]) -> torch.Tensor:
        import torch

        return torch.nn.functional.normalize(features["sentence_embedding"], dim=1)

    def compute_results(self, exact: Path) -> Vectors:
        found: Vectors = self.model.encode(
            list_probe_texts(), batch_size=1, prompt="", normalize_embeddings=True, show_progress_bar=False
        )
        return found

    def run_export(self, export: OnnxModel) -> Vectors:
        return export.run_all(export.tokenizer.encode, list_probe_texts())

    def compare(self, found: Vectors, expected: Vectors) -> Agreement:
        return compare_by_cosine(found, expected)


@dataclass(frozen=True)
class RerankingOriginal(_Loaded):
    """A CrossEncoder: a question and a passage to one score, by the activation that its configuration names."""

    source: Source
    model: Any
    max_tokens: int

    @property
    def dimensions(self) -> int:
        return 1

    @property
    def prefixes(self) -> Prefixes:
        """The model's own prompt, before the question alone, as CrossEncoder does it."""
        return Prefixes(query=(self.model.prompts or {}).get(self.model.default_prompt_name or "", ""))

    @property
    def example(self) -> dict[str, list[int]]:
        tokens = self.model.tokenizer(PROBE_QUESTIONS[0], PROBE_SENTENCES[0])
        return {name: tokens[name] for name in ("input_ids", "token_type_ids") if name in tokens}

    def finish(self, features: dict[str, Any]) -> torch.Tensor:
        scores: torch.Tensor = self.model.activation_fn(features["scores"])
        return scores

    def compute_results(self, exact: Path) -> Vectors:
        """The scores, with a row for each question."""
        found = self.model.predict(_pair_probes(), batch_size=1, show_progress_bar=False)
        return _arrange_by_question(found)

    def run_export(self, export: OnnxModel) -> Vectors:
        prefix = self.prefixes.query
        return _arrange_by_question(
            export.run_all(lambda pair: export.tokenizer.encode(prefix + pair[0], pair[1]), _pair_probes())
        )

    def compare(self, found: Vectors, expected: Vectors) -> Agreement:
        return compare_by_concordance(found, expected)


def _pair_probes() -> list[tuple[str, str]]:
    return [(question, passage) for question in list_probe_questions() for passage in list_probe_passages()]


def _arrange_by_question(scores: Vectors) -> Vectors:
    return scores.reshape(len(list_probe_questions()), len(list_probe_passages()))


def _choose_prompt(prompts: dict[str, str], names: Iterable[str], default: str) -> str:
    return next((prompts[name] for name in names if name in prompts), default)
