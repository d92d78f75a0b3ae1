"""The default embedding model as a graph of ONNX, made of the weights of its package. Sole owner of safetensors.

Torch, sentence-transformers and torch's exporter would take most of a first start, and the make of this one model is
known: the digest of its weights was checked before. The tests compare it with what sentence-transformers computes.
"""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.models.manifest import TOKENIZER_FILE, WEIGHTS_FILE, Agreement, Prefixes
from rag.models.onnx import OnnxModel, read_tokenizer
from rag.models.probes import compare_by_cosine, list_probe_texts
from rag.models.source import Source

if TYPE_CHECKING:
    import numpy as np
    from onnx import ModelProto, NodeProto, TensorProto

    from rag.models.onnx import Vectors

_LAYERS, _HEADS, _SIZE, _EPSILON = 6, 12, 384, 1e-12
_MAX_TOKENS = 256
"""As the package's config.json and sentence_bert_config.json say."""

_PACKAGED_WEIGHTS = "model.safetensors"
_OPSET, _IR_VERSION = 20, 10
"""The first operators with Gelu among them, and the first format of ONNX that has these operators."""


@dataclass(frozen=True, slots=True)
class PackagedOriginal:
    """The default model; its own results are those of its graph in full precision."""

    source: Source
    max_tokens: int = _MAX_TOKENS
    dimensions: int = _SIZE
    prefixes: Prefixes = field(default_factory=Prefixes)

    def save_tokenizer(self, folder: Path) -> None:
        read_tokenizer(self.source.folder / TOKENIZER_FILE).save(str(folder / TOKENIZER_FILE))

    def save_graph(self, path: Path) -> None:
        import onnx
        from safetensors.numpy import load_file

        graph = build_graph(load_file(self.source.folder / _PACKAGED_WEIGHTS), self.source.kind.output)
        onnx.save(graph, path, save_as_external_data=True, location=WEIGHTS_FILE)

    def compute_results(self, exact: Path) -> Vectors:
        with closing(OnnxModel(exact, self.max_tokens, self.dimensions)) as export:
            return self.run_export(export)

    def run_export(self, export: OnnxModel) -> Vectors:
        return export.run_all(export.tokenizer.encode, list_probe_texts())

    def compare(self, found: Vectors, expected: Vectors) -> Agreement:
        return compare_by_cosine(found, expected)


def build_graph(weights: dict[str, np.ndarray], output: str) -> ModelProto:
    """BERT of one text without padding, the mean of its tokens' vectors, and its length made 1.

    From J. Devlin et al., BERT: Pre-training of Deep Bidirectional Transformers (2019), and N. Reimers and I. Gurevych,
    Sentence-BERT (2019).
    """
    from onnx import TensorProto, helper

    made = _Graph(weights)
    tokens = made.add("Gather", "embeddings.word_embeddings.weight", "input_ids")
    count = made.add("Shape", "input_ids", start=1)
    place = "embeddings.position_embeddings.weight"
    places = made.add("Slice", place, made.keep("first", [0]), count, made.keep("axis", [0]))
    kind = made.keep("embeddings.first_kind", weights["embeddings.token_type_embeddings.weight"][0])
    rows = made.normalise(made.add("Add", made.add("Add", tokens, kind), places), "embeddings.LayerNorm")
    for number in range(_LAYERS):
        rows = _add_layer(made, rows, f"encoder.layer.{number}")
    mean = made.add("ReduceMean", rows, made.keep("tokens", [1]), keepdims=0)
    length = made.add("ReduceL2", mean, made.keep("numbers", [1]), keepdims=1)
    made.nodes.append(helper.make_node("Div", [mean, length], [output]))
    graph = helper.make_graph(
        made.nodes,
        "MiniLM",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "tokens"])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, _SIZE])],
        made.list_constants(),
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)


def _add_layer(made: _Graph, rows: str, layer: str) -> str:
    """Attention among the tokens, then two layers for each of them; what went in is added to both."""
    apart = made.keep("apart", [1, -1, _HEADS, _SIZE // _HEADS])
    query, key, value = (
        made.add("Reshape", made.multiply(rows, f"{layer}.attention.self.{name}"), apart)
        for name in ("query", "key", "value")
    )
    query, value = (made.add("Transpose", one, perm=[0, 2, 1, 3]) for one in (query, value))
    fit = made.add("MatMul", query, made.add("Transpose", key, perm=[0, 2, 3, 1]))
    scale = made.keep("scale", math.sqrt(_SIZE / _HEADS))
    read = made.add("MatMul", made.add("Softmax", made.add("Div", fit, scale), axis=-1), value)
    together = made.add(
        "Reshape", made.add("Transpose", read, perm=[0, 2, 1, 3]), made.keep("together", [1, -1, _SIZE])
    )
    said = made.multiply(together, f"{layer}.attention.output.dense")
    rows = made.normalise(made.add("Add", said, rows), f"{layer}.attention.output.LayerNorm")
    wide = made.add("Gelu", made.multiply(rows, f"{layer}.intermediate.dense"))
    return made.normalise(
        made.add("Add", made.multiply(wide, f"{layer}.output.dense"), rows), f"{layer}.output.LayerNorm"
    )


class _Graph:
    """Nodes and what they take, by names: those of the weights are their own."""

    def __init__(self, weights: dict[str, np.ndarray]) -> None:
        self.nodes: list[NodeProto] = []
        self._weights = weights
        self._constants: dict[str, np.ndarray] = {}

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:  # noqa: ANN401 (as ONNX has it)
        """Add a node; its one output is what is given back."""
        from onnx import helper

        output = f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def multiply(self, rows: str, layer: str) -> str:
        """A linear layer, whose weights torch keeps transposed."""
        table = self.keep(f"{layer}.table", self._weights[f"{layer}.weight"].T)
        return self.add("Add", self.add("MatMul", rows, table), f"{layer}.bias")

    def normalise(self, rows: str, layer: str) -> str:
        return self.add("LayerNormalization", rows, f"{layer}.weight", f"{layer}.bias", axis=-1, epsilon=_EPSILON)

    def keep(self, name: str, value: object) -> str:
        """Keep a constant by its name: whole numbers, or numbers of 32 bits."""
        import numpy as np

        numbers = np.asarray(value)
        self._constants[name] = numbers.astype(np.int64 if numbers.dtype.kind == "i" else np.float32)
        return name

    def list_constants(self) -> list[TensorProto]:
        """All that the nodes take and none of them makes, but for the text."""
        from onnx import numpy_helper

        wanted = dict.fromkeys(name for node in self.nodes for name in node.input)
        known = self._weights | self._constants
        return [numpy_helper.from_array(known[name].copy(), name) for name in wanted if name in known]
