"""A model, once, to ONNX. Sole owner of sentence_transformers, torch, transformers, huggingface_hub and onnx.

sentence-transformers loads the model. It is exported with pooling and normalisation inside and quantised to int8 if
the vectors stay the same. `rag.embeddings` runs this as a process that ends when its input does; for a person,
``python -m rag.embedding_export MODEL MODELS_DIR`` does the same.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import logging
import os
import re
import shutil
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.embeddings import (
    ERROR_PREFIX,
    MODEL_FILE,
    OUTPUT,
    PACKAGE_DIGESTS,
    TOKENIZER_FILE,
    Agreement,
    Manifest,
    OnnxModel,
    Prefixes,
    Progress,
    Source,
    check_digest,
    file_digest,
    first_line,
    locate,
    model_files,
)
from rag.errors import EmbeddingModelError
from rag.settings import DEFAULT_EMBED_MODEL

if TYPE_CHECKING:
    from rag.embeddings import Vectors

_OPSET = 20  # the first with Gelu as one operator
_BIG_MODEL_BYTES = 1_500_000_000  # weights of bigger ones go beside the graph: protobuf ends at 2 GB
_CHATTY_LOGGERS = (
    "torch.onnx",
    "torch.utils.flop_counter",
    "transformers",
    "sentence_transformers",
    "huggingface_hub",
    "onnxscript",
)
_DEFAULT_MAX_TOKENS = 512  # for a model that names no limit
# Of one request that tells whether the hub is there. The hub's own client waits 10 s, then asks again.
_CONNECT_S, _ANSWER_S = 5.0, 10.0

# Seen with all-MiniLM-L6-v2 only: its int8 form has mean .9915 and minimum .980 on the probe texts (many languages),
# .995 and .989 on 200 English passages.
_INT8_MEAN, _INT8_MINIMUM = 0.99, 0.97
_EXACT_MINIMUM = 0.9999  # a full-precision export that differs more computes something else

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


def _probe_texts() -> list[str]:
    """Short, middling and over-long texts in several languages, one word, and none."""
    sentences = list(_PROBE_SENTENCES)
    paragraphs = [" ".join(sentences[start : start + 4]) for start in range(0, len(sentences), 3)]
    return [*sentences, *paragraphs, " ".join(sentences), " ".join(sentences * 40), "Invoice", ""]


# The process


def main() -> int:
    options = _parse_arguments()
    say = _private_stdout()
    try:
        source = locate(options.model)
        if options.child:
            _end_with_input(options.models_dir, source)
        ensure_export(source, options.models_dir, say)
    except EmbeddingModelError as exc:
        say(f"{ERROR_PREFIX}{exc}")
        return exc.exit_code
    except OSError as exc:
        say(f"{ERROR_PREFIX}{options.models_dir} cannot be written ({exc.strerror or exc}). Free some space there.")
        return EmbeddingModelError.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m rag.embedding_export", description="Prepare an embedding model.")
    parser.add_argument("model", metavar="MODEL", help=f"name or folder, such as {DEFAULT_EMBED_MODEL}")
    parser.add_argument("models_dir", metavar="MODELS_DIR", type=Path, help="folder to keep it in, such as .rag/models")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)  # end when the input does
    return parser.parse_args()


def _private_stdout() -> Progress:
    """Says a line on standard output; what libraries print goes to standard error instead."""
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)

    def say(sentence: str) -> None:
        lines.write(" ".join(sentence.split()) + "\n")
        lines.flush()

    return say


def _end_with_input(models_dir: Path, source: Source) -> None:
    """Once the input ends, because our parent wants it or is dead, so do we, leaving nothing behind."""
    pipe, nothing = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # on Windows a library may hang in its start while somebody reads what it finds as its input

    def wait() -> None:
        while os.read(pipe, 1024):
            pass
        _clear(models_dir, f"{_own_prefix(source)}*")
        os._exit(1)

    threading.Thread(target=wait, name="end-with-input", daemon=True).start()


# Keeping


def ensure_export(source: Source, models_dir: Path, progress: Progress) -> None:
    """Make the export if need be. One process at a time does; a killed one leaves nothing that counts."""
    from filelock import FileLock, Timeout

    models_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(models_dir / f"{source.key}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress(f"Another process is preparing the embedding model {source.name}; waiting for it.")
        lock.acquire()
    try:
        if Manifest.read(models_dir / source.key) is None:
            _replace_export(source, models_dir, progress)
    finally:
        lock.release()


def _replace_export(source: Source, models_dir: Path, progress: Progress) -> None:
    """Make the export in a sibling folder and rename it. The caller holds the lock, so older siblings are debris."""
    _clear(models_dir, f".{source.key}.*")
    _clear(models_dir, source.key)
    building = models_dir / f"{_own_prefix(source)}new"
    building.mkdir()
    try:
        _export(source, building, progress)
        building.rename(models_dir / source.key)
    finally:
        _clear(models_dir, f"{_own_prefix(source)}*")


def _own_prefix(source: Source) -> str:
    """Begins the names of the folders that this process works in."""
    return f".{source.key}.{os.getpid()}."


def _clear(models_dir: Path, pattern: str) -> None:
    for folder in models_dir.glob(pattern):
        shutil.rmtree(folder, ignore_errors=True)


# Exporting


def _export(source: Source, folder: Path, progress: Progress) -> None:
    if source.is_packaged:
        for name, digest in PACKAGE_DIGESTS.items():
            check_digest(source.folder / name, digest)
    os.environ.update(HF_HUB_DISABLE_TELEMETRY="1", DO_NOT_TRACK="1")
    local_only = _is_all_local(source, progress)
    is_here = local_only or _cached_config(source) is not None
    progress(f"{'Loading' if is_here else 'Downloading'} the embedding model {source.name}.")
    with _quiet_libraries():
        original = _load_original(source, local_only=local_only)
        max_tokens, dimensions = _token_limit(original), int(original.get_embedding_dimension())
        _save_tokenizer(original, folder)
        progress("Exporting it to ONNX; this is done once.")
        _save_graph(original, source, folder)
        progress("Quantising it and comparing the vectors with the original's.")
        result = _quantise(_Probe(original, max_tokens, dimensions), source, folder)
    Manifest(
        model=source.name,
        digest=_identity(source),
        precision=result.precision,
        dimensions=dimensions,
        max_tokens=max_tokens,
        prefixes=_prefixes(original, source),
        agreement=result.agreement,
        files={path.name: path.stat().st_size for path in sorted(folder.iterdir())},
        remark=result.remark,
    ).write(folder)
    if result.remark:
        progress(f"It stays in full precision, which is slower: {result.remark}.")
    progress(
        f"The embedding model is ready ({result.precision}, mean cosine {result.agreement.mean:.4f} to the original)."
    )


@contextlib.contextmanager
def _quiet_libraries() -> Iterator[None]:
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


def _load_original(source: Source, *, local_only: bool) -> Any:  # noqa: ANN401 (its type would import torch)
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        # Eager attention exports without the masking steps that the other kinds add.
        model = SentenceTransformer(
            source.location,
            device="cpu",
            local_files_only=local_only,
            model_kwargs={"attn_implementation": "eager", "dtype": "float32"},
        )
    except Exception as exc:  # hub, network, file and configuration errors, each of its own family
        raise _not_loaded(source, first_line(exc)) from exc
    _check_exportable(model, source)
    return model.eval()


def _not_loaded(source: Source, reason: str) -> EmbeddingModelError:
    what = "cannot be loaded" if source.is_local else "is neither a folder nor could it be downloaded"
    return EmbeddingModelError(
        f"The embedding model {source.location!r} {what} ({reason}). Correct RAG_EMBED_MODEL, or leave it"
        f" out to use {DEFAULT_EMBED_MODEL}, which needs no download."
    )


def _is_all_local(source: Source, progress: Progress) -> bool:
    """Whether to load it without a network. Raises EmbeddingModelError if that can't be and there is none."""
    reason = "" if source.is_local else _why_offline()
    if reason and _cached_config(source) is None:
        raise _not_loaded(source, reason)
    if reason:
        progress(f"The model hub is left alone ({reason}); what was downloaded earlier is used.")
    return source.is_local or bool(reason)


def _why_offline() -> str:
    """Why the hub can't be reached; empty if it can.

    One request tells. Left to themselves the libraries ask for file after file, each six times: 86 s in all.
    """
    from huggingface_hub import constants, get_session

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    try:
        get_session().head(constants.ENDPOINT, timeout=(_CONNECT_S, _ANSWER_S, _ANSWER_S, _CONNECT_S))
    except Exception as exc:  # name resolution, proxy, certificate, time; any answer at all is one
        return f"{constants.ENDPOINT} cannot be reached: {first_line(exc)}"
    return ""


def _cached_config(source: Source) -> Path | None:
    """The model's configuration file among what was downloaded; its folder is named after the revision."""
    from huggingface_hub import errors, try_to_load_from_cache

    # sentence-transformers' own models may be named without their owner
    names = (source.name,) if "/" in source.name else (f"sentence-transformers/{source.name}", source.name)
    try:
        found = [try_to_load_from_cache(name, "config.json") for name in names]
    except errors.HFValidationError:  # a name that the hub can't have
        return None
    return next((Path(path) for path in found if isinstance(path, str)), None)


def _check_exportable(model: Any, source: Source) -> None:  # noqa: ANN401
    from sentence_transformers.base.modules.transformer import Transformer

    if not isinstance(model[0], Transformer):
        raise _unsupported(source, f"its first part is {type(model[0]).__name__}, not a transformer of text")
    if not all(getattr(module, "include_prompt", True) for module in model):
        raise _unsupported(source, "it leaves its prompt out of the pooling")
    if not getattr(model.tokenizer, "is_fast", False):
        raise _unsupported(source, "it has no fast tokenizer")


def _unsupported(source: Source, reason: str) -> EmbeddingModelError:
    return EmbeddingModelError(
        f"The embedding model {source.name!r} cannot be used: {reason}. Choose another RAG_EMBED_MODEL."
    )


def _token_limit(model: Any) -> int:  # noqa: ANN401
    """Tokens that the model reads, by the smallest limit that it names."""
    config = model[0].config
    # RoBERTa's position table begins after the padding index; BERT's padding index is 0 and its table whole.
    positions = getattr(config, "max_position_embeddings", None)
    if positions and getattr(config, "model_type", "") in {"roberta", "xlm-roberta", "camembert", "mpnet"}:
        positions -= (config.pad_token_id or 0) + 1
    limits = (model.max_seq_length, model.tokenizer.model_max_length, positions)
    return int(min((limit for limit in limits if limit and limit < 1 << 20), default=_DEFAULT_MAX_TOKENS))


def _save_tokenizer(model: Any, folder: Path) -> None:  # noqa: ANN401
    tokenizer = model.tokenizer.backend_tokenizer
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.save(str(folder / TOKENIZER_FILE))


def _save_graph(model: Any, source: Source, folder: Path) -> None:  # noqa: ANN401
    import torch

    class TextToVector(torch.nn.Module):
        """All parts of the model in a row, for one text without padding and so without a mask."""

        def __init__(self) -> None:
            super().__init__()
            self.parts = torch.nn.ModuleList(model)

        def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
            features: dict[str, Any] = {"input_ids": input_ids}
            for part in self.parts:
                features = part(features)
            return torch.nn.functional.normalize(features["sentence_embedding"], dim=1)

    example = torch.tensor([model.tokenizer(_PROBE_SENTENCES[0])["input_ids"]])
    try:
        with torch.no_grad():
            program = torch.onnx.export(
                TextToVector().eval(),
                (example,),
                dynamo=True,
                input_names=["input_ids"],
                output_names=[OUTPUT],
                dynamic_shapes=({1: "tokens"},),
                opset_version=_OPSET,
                verbose=False,
            )
            assert program is not None
            program.save(folder / MODEL_FILE, external_data=_weight_bytes(model) > _BIG_MODEL_BYTES)
    except Exception as exc:  # the exporter fails in as many ways as there are operators
        raise _unsupported(source, f"it cannot be exported to ONNX ({first_line(exc)})") from exc


def _weight_bytes(model: Any) -> int:  # noqa: ANN401
    return sum(weight.numel() * weight.element_size() for weight in model.parameters())


class _Probe:
    """Compares an export with the original, whose vectors it keeps."""

    def __init__(self, original: Any, max_tokens: int, dimensions: int) -> None:  # noqa: ANN401
        self._texts = _probe_texts()
        self._max_tokens, self._dimensions = max_tokens, dimensions
        self.is_big = _weight_bytes(original) > _BIG_MODEL_BYTES
        original.max_seq_length = max_tokens
        self._expected = original.encode(
            self._texts, batch_size=1, prompt="", normalize_embeddings=True, show_progress_bar=False
        )

    def agreement(self, folder: Path) -> Agreement:
        found = OnnxModel(folder, self._max_tokens, self._dimensions).vectors(self._texts)
        return agreement(found, self._expected)


def agreement(found: Vectors, expected: Vectors) -> Agreement:
    """Mean and minimum cosine of normalised vectors, row by row; 0 if any isn't a number."""
    import numpy as np

    cosines = np.nan_to_num(np.sum(found * expected, axis=1), nan=0.0)
    return Agreement(round(float(cosines.mean()), 6), round(float(cosines.min()), 6))


@dataclass(frozen=True, slots=True)
class _Quantised:
    precision: str
    agreement: Agreement
    remark: str = ""


def _quantise(probe: _Probe, source: Source, folder: Path) -> _Quantised:
    """Replace the graph by the first int8 form that agrees with the original; keep it where none does."""
    exact = probe.agreement(folder)
    if exact.minimum < _EXACT_MINIMUM:
        raise _unsupported(source, f"its ONNX form gives other vectors (cosine {exact.minimum:.4f})")
    remark = ""
    # Processors without VNNI instructions overflow on products of 8-bit weights; 7 bits fit.
    for precision, reduce_range in (("int8", False), ("int8-reduced", True)):
        with tempfile.TemporaryDirectory(
            dir=folder.parent, prefix=_own_prefix(source), ignore_cleanup_errors=True
        ) as name:
            trial = Path(name)
            try:
                _save_quantised(folder, trial, reduce_range, probe.is_big)
                found = probe.agreement(trial)
            except Exception as exc:  # the quantiser fails in as many ways as there are operators
                remark = f"it cannot be quantised ({first_line(exc.__cause__ or exc)})"
                continue
            if found.reaches(_INT8_MEAN, _INT8_MINIMUM):
                _move_files(trial, folder)
                return _Quantised(precision, found)
            remark = f"quantised, its vectors differ (mean cosine {found.mean:.4f}, minimum {found.minimum:.4f})"
    return _Quantised("fp32", exact, remark)


def _save_quantised(folder: Path, trial: Path, reduce_range: bool, is_big: bool) -> None:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic  # type: ignore[import-untyped]
    from onnxruntime.quantization.quant_utils import add_pre_process_metadata  # type: ignore[import-untyped]

    graph = onnx.load(folder / MODEL_FILE)
    del graph.graph.value_info[:]  # the exporter's shapes of transposed weights are those before the transposition
    add_pre_process_metadata(graph)  # the exporter has done that step already
    quantize_dynamic(
        graph,
        trial / MODEL_FILE,
        op_types_to_quantize=["MatMul"],
        per_channel=True,
        reduce_range=reduce_range,
        weight_type=QuantType.QInt8,
        use_external_data_format=is_big,
        extra_options={"MatMulConstBOnly": True},
    )
    shutil.copy(folder / TOKENIZER_FILE, trial)


def _move_files(trial: Path, folder: Path) -> None:
    for path in list(folder.iterdir()):
        path.unlink()
    for path in trial.iterdir():
        shutil.move(path, folder / path.name)


def _prefixes(model: Any, source: Source) -> Prefixes:  # noqa: ANN401
    """The model's own prompts, else those of its family."""
    prompts = {name: text for name, text in (model.prompts or {}).items() if text}
    if prompts:
        default = prompts.get(model.default_prompt_name or "", "")
        return Prefixes(
            query=_first(prompts, ("query",), default),
            document=_first(prompts, ("document", "passage", "corpus"), default),
        )
    return family_prefixes(source.name)


def _first(prompts: dict[str, str], names: Iterable[str], default: str) -> str:
    return next((prompts[name] for name in names if name in prompts), default)


def family_prefixes(name: str) -> Prefixes:
    """The prefixes that a family of models was trained with, by the model's name; empty for most."""
    base = name.rsplit("/", 1)[-1].lower()
    for pattern, query, document in _FAMILY_PREFIXES:
        if re.search(pattern, base):
            return Prefixes(query, document)
    return Prefixes()


def _identity(source: Source) -> str:
    """SHA-256 of the weights, or the hub's revision."""
    if source.is_packaged:
        return PACKAGE_DIGESTS["model.safetensors"]
    if source.is_local:
        return _folder_digest(source.folder)
    config = _cached_config(source)
    return config.parent.name if config else "unknown revision"


def _folder_digest(folder: Path) -> str:
    digests = (f"{path.relative_to(folder).as_posix()} {file_digest(path)}\n" for path in model_files(folder))
    return hashlib.sha256("".join(digests).encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
