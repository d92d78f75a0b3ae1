"""Exports a model to ONNX, once. Owner of onnx, with `rag.models.bert`.

`rag.models.bert` makes the graph of the default model, `rag.models.torch_models` loads any other. It is exported with
all its parts inside and quantised to int8 if its vectors, or its scores, stay the same. `rag.models.cache` runs this as
a process that ends when its input does; for a person, ``python -m rag.models.export MODEL MODELS_DIR`` does the same.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import shutil
import sys
import tempfile
import threading
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import EmbeddingModelError
from rag.models.bert import PackagedOriginal
from rag.models.cache import ERROR_PREFIX
from rag.models.manifest import MODEL_FILE, TOKENIZER_FILE, WEIGHTS_FILE, Agreement, Manifest
from rag.models.onnx import OnnxModel, forbid_telemetry
from rag.models.probes import UNRELATED_TEXTS, measure_spread
from rag.models.source import (
    EMBEDDING,
    EMBEDDING_PACKAGE,
    KINDS,
    Say,
    Source,
    check_digest,
    find_cached_config,
    get_first_line,
    identify,
    is_all_local,
    locate,
)
from rag.models.torch_models import Original, load_original, make_unsupported_error, quiet_libraries
from rag.processes import leave_signals_to_parent, open_private_stdout
from rag.settings import DEFAULT_EMBED_MODEL

if TYPE_CHECKING:
    from onnx import GraphProto, TensorProto

    from rag.models.onnx import Vectors

# Seen with all-MiniLM-L6-v2 only: its int8 form has mean .9915 and minimum .980 on the probe texts (many languages),
# .995 and .989 on 200 English passages; the unsigned one, without VNNI instructions, .9914 and .981. For scores the
# bounds are the same, and untried.
_INT8_MEAN, _INT8_MINIMUM = 0.99, 0.97
_EXACT_MINIMUM = 0.9999  # a full-precision export that differs more computes something else

_BIG_TABLE_BYTES = 100_000_000
"""From this size on the table of the tokens' vectors is kept in 8 bits too. That of a model of a hundred languages is
most of the model; the default's has 47 MB, and other vectors would have every document embedded anew for little."""


# The process


def main() -> int:
    options, say = _parse_arguments(), _open_channel()
    try:
        source = locate(options.model, KINDS[options.kind])
        if options.child:
            leave_signals_to_parent()
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
    parser = argparse.ArgumentParser(
        prog="python -m rag.models.export", description="Prepare an embedding or reranking model."
    )
    parser.add_argument("model", metavar="MODEL", help=f"name or folder, such as {DEFAULT_EMBED_MODEL}")
    parser.add_argument("models_dir", metavar="MODELS_DIR", type=Path, help="folder to keep it in, such as .rag/models")
    parser.add_argument("--kind", choices=KINDS, default="embedding", help="what it is for (default: embedding)")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)  # end when the input does
    return parser.parse_args()


def _open_channel() -> Say:
    """A function that says a line on standard output, where from now on nothing else can be written."""
    lines = open_private_stdout()

    def say(sentence: str) -> None:
        lines.write(" ".join(sentence.split()) + "\n")
        lines.flush()

    return say


def _end_with_input(models_dir: Path, source: Source) -> None:
    """From now on, end this process and leave nothing behind once its input ends: its parent wants that, or is dead."""
    pipe, nothing = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # on Windows a library may hang in its start while somebody reads what it finds as its input

    def wait() -> None:
        while os.read(pipe, 1024):
            pass
        _clear(models_dir, f"{_make_own_prefix(source)}*")
        os._exit(1)

    threading.Thread(target=wait, name="end-with-input", daemon=True).start()


# Keeping


def ensure_export(source: Source, models_dir: Path, progress: Say) -> None:
    """Make the export if there is none. One process at a time makes it; a killed one leaves nothing that counts."""
    from filelock import FileLock, Timeout

    models_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(models_dir / f"{source.key}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress(f"Another process is preparing the {source.kind.noun} {source.name}; waiting for it.")
        lock.acquire()
    try:
        if Manifest.read(models_dir / source.key) is None:
            _replace_export(source, models_dir, progress)
    finally:
        lock.release()


def _replace_export(source: Source, models_dir: Path, progress: Say) -> None:
    """Make the export in a sibling folder and rename it. The caller holds the lock, so older siblings are debris."""
    _clear(models_dir, f".{source.key}.*")
    _clear(models_dir, source.key)
    building = models_dir / f"{_make_own_prefix(source)}new"
    building.mkdir()
    try:
        _export(source, building, progress)
        building.rename(models_dir / source.key)
    finally:
        _clear(models_dir, f"{_make_own_prefix(source)}*")


def _make_own_prefix(source: Source) -> str:
    """The beginning of the names of the folders that this process works in."""
    return f".{source.key}.{os.getpid()}."


def _clear(models_dir: Path, pattern: str) -> None:
    for folder in models_dir.glob(pattern):
        shutil.rmtree(folder, ignore_errors=True)


# Exporting


def _export(source: Source, folder: Path, progress: Say) -> None:
    if source.is_packaged:
        for name in EMBEDDING_PACKAGE.digests:
            check_digest(source.folder / name, EMBEDDING_PACKAGE)
    forbid_telemetry()
    os.environ.update(HF_HUB_DISABLE_TELEMETRY="1", DO_NOT_TRACK="1")
    local_only = is_all_local(source, progress)
    is_here = local_only or find_cached_config(source) is not None
    progress(f"{'Loading' if is_here else 'Downloading'} the {source.kind.noun} {source.name}.")
    with contextlib.nullcontext() if source.is_packaged else quiet_libraries():
        original = PackagedOriginal(source) if source.is_packaged else load_original(source, local_only=local_only)
        original.save_tokenizer(folder)
        progress("Exporting it to ONNX; this is done once.")
        original.save_graph(folder / MODEL_FILE)
        progress(f"Quantising it and comparing the {source.kind.results} with the original's.")
        result = _quantise(_Probe(original), folder)
        shutil.copymode(folder / MODEL_FILE, folder / WEIGHTS_FILE)  # onnx lets nobody but the owner read it
    Manifest(
        model=source.name,
        digest=identify(source),
        precision=result.precision,
        dimensions=original.dimensions,
        max_tokens=original.max_tokens,
        prefixes=original.prefixes,
        agreement=result.agreement,
        spread=_measure_spread(original, folder) if source.kind == EMBEDDING else 0.0,
        files={path.name: path.stat().st_size for path in sorted(folder.iterdir())},
        remark=result.remark,
    ).write(folder)
    if result.remark:
        progress(f"It stays in full precision, which is slower: {result.remark}.")
    likeness = f"mean {source.kind.likeness} {result.agreement.mean:.4f} to the original"
    progress(f"The {source.kind.noun} is ready ({result.precision}, {likeness}).")


def _measure_spread(original: Original, folder: Path) -> float:
    with closing(OnnxModel(folder, original.max_tokens, original.dimensions)) as export:
        prefix = original.prefixes.query
        return measure_spread(export.run_all(lambda text: export.tokenizer.encode(prefix + text), UNRELATED_TEXTS))


class _Probe:
    """Compares exports with the original, whose results on the probes it keeps."""

    def __init__(self, original: Original) -> None:
        self.original = original
        self._expected: Vectors | None = None

    def compare(self, folder: Path) -> Agreement:
        """Of the export in that folder, which is the exact one the first time."""
        if self._expected is None:
            self._expected = self.original.compute_results(folder)
        with closing(OnnxModel(folder, self.original.max_tokens, self.original.dimensions)) as export:
            found = self.original.run_export(export)
        return self.original.compare(found, self._expected)


@dataclass(frozen=True, slots=True)
class _Quantised:
    precision: str
    agreement: Agreement
    remark: str = ""


def _quantise(probe: _Probe, folder: Path) -> _Quantised:
    """Replace the graph by the first int8 form that agrees with the original; keep it where none does."""
    source = probe.original.source
    results, likeness = source.kind.results, source.kind.likeness
    exact = probe.compare(folder)
    if exact.minimum < _EXACT_MINIMUM:
        raise make_unsupported_error(source, f"its ONNX form gives other {results} ({likeness} {exact.minimum:.4f})")
    remark = ""
    # Processors without VNNI instructions overflow on sums of products with signed weights; they add up the others'
    # in 32 bits. With VNNI the signed ones are faster.
    for precision, is_signed in (("int8", True), ("int8-unsigned", False)):
        with tempfile.TemporaryDirectory(
            dir=folder.parent, prefix=_make_own_prefix(source), ignore_cleanup_errors=True
        ) as name:
            trial = Path(name)
            try:
                _save_quantised(folder, trial, is_signed)
                found = probe.compare(trial)
            except Exception as exc:  # the quantiser fails in as many ways as there are operators
                remark = f"it cannot be quantised ({get_first_line(exc.__cause__ or exc)})"
                continue
            if found.reaches(_INT8_MEAN, _INT8_MINIMUM):
                for path in list(folder.iterdir()):
                    path.unlink()
                for path in trial.iterdir():
                    shutil.move(path, folder / path.name)
                return _Quantised(precision, found)
            remark = f"quantised, its {results} differ (mean {likeness} {found.mean:.4f}, minimum {found.minimum:.4f})"
    return _Quantised("fp32", exact, remark)


def _save_quantised(folder: Path, trial: Path, is_signed: bool) -> None:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.quant_utils import add_pre_process_metadata

    graph = onnx.load(folder / MODEL_FILE)
    del graph.graph.value_info[:]  # the exporter's shapes of transposed weights are those before the transposition
    shrink_tables(graph.graph, _BIG_TABLE_BYTES)
    add_pre_process_metadata(graph)  # the exporter has done that step already
    quantize_dynamic(
        graph,
        trial / MODEL_FILE,
        op_types_to_quantize=["MatMul"],
        per_channel=True,
        weight_type=QuantType.QInt8 if is_signed else QuantType.QUInt8,
        use_external_data_format=True,
        extra_options={"MatMulConstBOnly": True},
    )
    shutil.copy(folder / TOKENIZER_FILE, trial)


def shrink_tables(graph: GraphProto, least_bytes: int) -> None:
    """Keep the tables of that size or more from which rows are taken by number in 8 bits, with a scale for each row.

    Only the rows that a text needs become numbers of 32 bits again. A table that is used in another way too stays.
    """
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    uses = Counter(name for node in graph.node for name in node.input)
    stored = {weight.name: weight for weight in graph.initializer}
    nodes = []
    for node in graph.node:
        table = stored.get(node.input[0]) if node.op_type == "Gather" else None
        if table is None or uses[table.name] > 1 or not _is_big_table(table, least_bytes):
            nodes.append(node)
            continue
        numbers = numpy_helper.to_array(table)
        scales = np.abs(numbers).max(axis=1, keepdims=True) / 127
        steps = np.round(numbers / np.where(scales, scales, 1)).astype(np.int8)
        name, ids, out = table.name, node.input[1], node.output[0]
        graph.initializer.remove(table)
        graph.initializer.extend(
            [numpy_helper.from_array(steps, f"{name}_steps"), numpy_helper.from_array(scales, f"{name}_scales")]
        )
        nodes += [
            helper.make_node("Gather", [f"{name}_steps", ids], [f"{out}_steps"]),
            helper.make_node("Cast", [f"{out}_steps"], [f"{out}_whole"], to=TensorProto.FLOAT),
            helper.make_node("Gather", [f"{name}_scales", ids], [f"{out}_scales"]),
            helper.make_node("Mul", [f"{out}_whole", f"{out}_scales"], [out]),
        ]
    del graph.node[:]
    graph.node.extend(nodes)


def _is_big_table(weight: TensorProto, least_bytes: int) -> bool:
    from onnx import TensorProto

    return weight.data_type == TensorProto.FLOAT and len(weight.dims) == 2 and 4 * math.prod(weight.dims) >= least_bytes


if __name__ == "__main__":
    sys.exit(main())
