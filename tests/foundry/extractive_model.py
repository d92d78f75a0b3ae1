"""A chat model without training: an ONNX graph written by hand that answers by quoting its prompt.

ONNX Runtime GenAI asks of a model only that it maps token ids and a key-value cache to logits. Here the cache carries
the ids seen so far. At every step the graph looks for the sentence between ``Context:`` and ``Question:`` that shares
most with the question, rare words counting more, and emits its next token; then the ``[n]`` before it, then the end.
Too little shared, and it is a fixed refusal. The chosen logit leads by 100, so the temperature changes nothing.

It proves runtime, protocol, prompt and citations to be right, and says nothing about how well a language model answers.
"""

from __future__ import annotations

import json
import pydoc_data.topics
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

REFUSAL = "The documents don't say."
CONTEXT_LENGTH = 8192

_CONTROL = ["<|endoftext|>", "<|system|>", "<|user|>", "<|assistant|>", "<|tool|>", "<|end|>"]
_PAD, _USER, _ASSISTANT, _END = 0, 2, 3, 5
_CITATIONS = [f"[{number}]" for number in range(1, 33)]
_CONTEXT, _QUESTION = "Context:", "Question:"
_CHAT_TEMPLATE = (
    "{% for m in messages %}{{ '<|' + m['role'] + '|>' + '\n' + m['content'] + '<|end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
_FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an and any are as at be by can could do does for from has have how i if in is it its me much many my of "
        "often on or our should that the their them then there these they this to was we were what when where which "
        "who why will with would you your",
    )
)
_SMALLEST_COVER = 0.34
"""The share of the question's words that a sentence must have."""
_BURN_SIZE = 512


def build_extractive_model(folder: Path, texts: Iterable[str] = (), *, burn: int = 0, refusal: str = REFUSAL) -> Path:
    """Write the model into `folder`, in about half a second.

    It tells words apart best that are in `texts`. `burn` adds that many 512×512 multiplications to each token, 2 ms
    apiece, for an answer slow enough to be stopped; with a long `refusal` it is long, too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _train_tokenizer([*texts, refusal])
    tokenizer.save(str(folder / "tokenizer.json"))
    _write_json(folder / "tokenizer_config.json", _tokenizer_config())
    _write_json(folder / "genai_config.json", _genai_config(tokenizer.get_vocab_size()))
    model = _compile(_Vocabulary.of(tokenizer), tokenizer.encode(refusal).ids, burn)
    onnx.checker.check_model(model)
    onnx.save(model, str(folder / "model.onnx"))
    return folder


def _train_tokenizer(texts: list[str]) -> Tokenizer:
    """Byte pairs learnt from `texts` and from the English prose that comes with Python."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=16_384,
        special_tokens=_CONTROL,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    prose = pydoc_data.topics.topics.values()
    words = sorted({*_FUNCTION_WORDS, *(word for text in texts for word in re.findall(r"\w+", text))})
    spellings = [f"{space}{w}" for word in words for w in (word, word.lower(), word.title()) for space in ("\n", "\n ")]
    # Repeated, so that these are whole tokens before the words of the prose are.
    tokenizer.train_from_iterator([*prose, *(["".join(spellings)] * 50)], trainer)
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in (*_CITATIONS, _CONTEXT, _QUESTION)])
    return tokenizer


@dataclass(frozen=True)
class _Vocabulary:
    """What the graph has to know of each token, as arrays by token id."""

    word: np.ndarray
    """The id that stands for all spellings of the token's word."""
    weight: np.ndarray
    ends_sentence: np.ndarray
    """If white space follows."""
    ends_line: np.ndarray
    begins_apart: np.ndarray
    citation: np.ndarray
    context: np.ndarray
    question: np.ndarray
    space: int

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> _Vocabulary:
        texts = [tokenizer.decode([i], skip_special_tokens=False) for i in range(tokenizer.get_vocab_size())]
        marks = {*_CONTROL, *_CITATIONS, _CONTEXT, _QUESTION}
        word, weight = _words(texts, marks)

        def flags(test: Callable[[str], bool]) -> np.ndarray:
            return np.array([test(text) for text in texts], np.float32)

        return cls(
            word=word,
            weight=weight,
            ends_sentence=flags(lambda t: t not in marks and bool(re.search(r"[.!?。！？][\"')\]」]*$", t))),
            ends_line=flags(lambda t: t in marks or "\n" in t),
            begins_apart=flags(lambda t: t in marks or t[:1].isspace() or bool(re.match(r"[\u3000-\u9fff]", t))),
            citation=flags(_CITATIONS.__contains__),
            context=flags(_CONTEXT.__eq__),
            question=flags(_QUESTION.__eq__),
            space=texts.index(" "),
        )


def _words(texts: list[str], marks: set[str]) -> tuple[np.ndarray, np.ndarray]:
    word, weight = np.arange(len(texts), dtype=np.int64), np.zeros(len(texts), np.float32)
    first: dict[str, int] = {}
    for i, text in enumerate(texts):
        spelling = text.strip().lower()
        if text in marks or not re.fullmatch(r"\w[\w'-]*", spelling):
            continue
        word[i] = first.setdefault(spelling, i)
        weight[i] = spelling not in _FUNCTION_WORDS and (len(spelling) > 1 or spelling.isdigit())
    return word, weight


class _Graph:
    """Nodes and constants by name; calling it adds a node and gives its output's name."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def __call__(self, operator: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        name = out or f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def ints(self, value: object) -> str:
        return self._constant(np.asarray(value, np.int64))

    def floats(self, value: object) -> str:
        return self._constant(np.asarray(value, np.float32))

    def _constant(self, value: np.ndarray) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def as_float(self, x: str) -> str:
        return self("Cast", x, to=TensorProto.FLOAT)

    def as_int(self, x: str) -> str:
        return self("Cast", x, to=TensorProto.INT64)

    def lookup(self, table: np.ndarray, indices: str) -> str:
        return self("Gather", self._constant(table), indices)

    def both(self, *masks: str) -> str:
        product = masks[0]
        for mask in masks[1:]:
            product = self("Mul", product, mask)
        return product

    def less(self, a: str, b: str) -> str:
        return self.as_float(self("Less", a, b))

    def equals(self, x: str, value: int) -> str:
        return self.as_float(self("Equal", x, self.ints(value)))

    def inverse(self, mask: str) -> str:
        return self("Sub", self.floats(1), mask)

    def at_most_one(self, x: str) -> str:
        return self("Min", x, self.floats(1))

    def total(self, x: str) -> str:
        return self("ReduceSum", x, keepdims=0)

    def add_up(self, zeros: str, groups: str, values: str) -> str:
        """The sum of `values` in each group."""
        return self("ScatterElements", zeros, groups, values, axis=0, reduction="add")


def _compile(vocabulary: _Vocabulary, refusal: list[int], burn: int) -> onnx.ModelProto:
    g = _Graph()
    ids = _history(g)
    prompt = _Prompt(g, vocabulary, ids)
    start, length, found = _best_sentence(g, vocabulary, prompt)
    quote = _quoting_step(g, vocabulary, prompt, start, length)
    refusing = g.lookup(np.array([*refusal, _END], np.int64), g("Min", prompt.step, g.ints(len(refusal))))
    next_id = g("Where", found, quote, refusing)
    if burn:
        next_id = g("Add", next_id, _burned_zero(g, prompt.length, burn))
    return _finished(g, next_id, len(vocabulary.word))


def _history(g: _Graph) -> str:
    """The cache with this step's ids appended, as ids from the first on."""
    new = g("Reshape", g.as_float("input_ids"), g.ints([1, 1, -1, 1]))
    keys = g("Concat", "past_key_values.0.key", new, axis=2, out="present.0.key")
    g("Concat", "past_key_values.0.value", new, axis=2, out="present.0.value")
    return g.as_int(g("Reshape", keys, g.ints([-1])))


class _Prompt:
    """Where in the ids the parts of the prompt are."""

    def __init__(self, g: _Graph, vocabulary: _Vocabulary, ids: str) -> None:
        self._g = g
        self.ids = ids
        self.length = g("Squeeze", g("Shape", ids))
        self.positions = g("Range", g.ints(0), self.length, g.ints(1))
        self.zeros = g.as_float(g("Mul", self.positions, g.ints(0)))
        answer = self.last(g.equals(ids, _ASSISTANT))
        self.step = g("Sub", g("Sub", self.length, g.ints(1)), answer)
        before = g.less(self.positions, answer)
        user = self.last(g.both(g.equals(ids, _USER), before))
        question = g("Max", self.last(g.both(g.lookup(vocabulary.question, ids), before)), user)
        context = self.last(g.both(g.lookup(vocabulary.context, ids), g.less(self.positions, question)))
        self.in_question = g.both(g.less(question, self.positions), before)
        self.in_context = g.both(g.less(context, self.positions), g.less(self.positions, question))

    def last(self, mask: str) -> str:
        """The last position in `mask`; −1 if there is none."""
        g = self._g
        marked = g("Mul", g("Add", g.as_float(self.positions), g.floats(1)), mask)
        return g.as_int(g("Sub", g("ReduceMax", marked, keepdims=0), g.floats(1)))

    def id_at(self, position: str) -> str:
        g = self._g
        inside = g("Min", g("Max", position, g.ints(0)), g("Sub", self.length, g.ints(1)))
        return g("Gather", self.ids, inside)


def _best_sentence(g: _Graph, vocabulary: _Vocabulary, prompt: _Prompt) -> tuple[str, str, str]:
    """Its first position, its length in tokens, and whether it shares enough with the question."""
    ids = prompt.ids
    words, weights = g.lookup(vocabulary.word, ids), g.lookup(vocabulary.weight, ids)
    none = g.floats(np.zeros(len(vocabulary.word)))
    wanted = g.at_most_one(g.add_up(none, words, g.both(prompt.in_question, weights)))
    line_ends = g.lookup(vocabulary.ends_line, ids)
    readable = g.both(prompt.in_context, g.inverse(_passage_headings(g, vocabulary, prompt)), g.inverse(line_ends))
    sentences = _counted(g, _sentence_ends(g, vocabulary, ids, line_ends))
    often = g("Max", g.add_up(none, words, prompt.in_context), g.floats(1))
    rarity = g("Div", g.floats(1), g("Sqrt", often))
    scores = g.both(g("Gather", wanted, words), g("Gather", rarity, words), readable, weights)
    best = g("ArgMax", g.add_up(prompt.zeros, sentences, scores), axis=0, keepdims=0)
    inside = g.both(g.as_float(g("Equal", sentences, best)), readable)
    shared = g.total(g("Mul", wanted, g.at_most_one(g.add_up(none, words, inside))))
    enough = g("Max", g.floats(1), g("Mul", g.total(wanted), g.floats(_SMALLEST_COVER)))
    found = g("Not", g("Less", shared, enough))
    return g("ArgMax", inside, axis=0, keepdims=0), g.as_int(g.total(inside)), found


def _sentence_ends(g: _Graph, vocabulary: _Vocabulary, ids: str, line_ends: str) -> str:
    following = g("Concat", g("Slice", ids, g.ints([1]), g.ints([1 << 40])), g.ints([_END]), axis=0)
    stops = g.both(g.lookup(vocabulary.ends_sentence, ids), g.lookup(vocabulary.begins_apart, following))
    return g.at_most_one(g("Add", line_ends, stops))


def _counted(g: _Graph, ends: str) -> str:
    """For each position, how many ends lie before it."""
    return g.as_int(g("CumSum", ends, g.ints(0), exclusive=1))


def _passage_headings(g: _Graph, vocabulary: _Vocabulary, prompt: _Prompt) -> str:
    """The lines that begin with ``[n]`` name the source: nothing to quote."""
    citation = g.lookup(vocabulary.citation, prompt.ids)
    newline = g("Sub", g.lookup(vocabulary.ends_line, prompt.ids), citation)
    lines = _counted(g, newline)
    return g.at_most_one(g("Gather", g.add_up(prompt.zeros, lines, citation), lines))


def _quoting_step(g: _Graph, vocabulary: _Vocabulary, prompt: _Prompt, start: str, length: str) -> str:
    """The sentence, a space, its passage's number, the end: whichever of them this step is for."""
    before = g.both(g.lookup(vocabulary.citation, prompt.ids), prompt.in_context, g.less(prompt.positions, start))
    citation = prompt.id_at(prompt.last(before))
    after = g("Sub", prompt.step, length)
    closing = g("Where", g("Equal", after, g.ints(1)), citation, g.ints(_END))
    closing = g("Where", g("Equal", after, g.ints(0)), g.ints(vocabulary.space), closing)
    return g("Where", g("Less", after, g.ints(0)), prompt.id_at(g("Add", start, prompt.step)), closing)


def _burned_zero(g: _Graph, length: str, burn: int) -> str:
    """A zero that takes `burn` multiplications to find, and can't be folded away."""
    x = g("Add", g.floats(np.eye(_BURN_SIZE)), g("Mul", g.as_float(length), g.floats(1e-9)))
    for _ in range(burn):
        x = g("MatMul", x, x)
    return g.as_int(g("Mul", g("ReduceMin", g.at_most_one(g("Abs", x)), keepdims=0), g.floats(0)))


def _finished(g: _Graph, next_id: str, vocabulary_size: int) -> onnx.ModelProto:
    hot = g("OneHot", g("Reshape", next_id, g.ints([1])), g.ints([vocabulary_size]), g.floats([0, 100]), axis=-1)
    g("Reshape", hot, g.ints([1, 1, vocabulary_size]), out="logits")

    def value(name: str, kind: int, shape: list[int | str]) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, shape)

    whole, cache = TensorProto.INT64, TensorProto.FLOAT
    inputs = [
        value("input_ids", whole, [1, "new"]),
        value("attention_mask", whole, [1, "all"]),
        value("past_key_values.0.key", cache, [1, 1, "past", 1]),
        value("past_key_values.0.value", cache, [1, 1, "past", 1]),
    ]
    outputs = [
        value("logits", cache, [1, 1, vocabulary_size]),
        value("present.0.key", cache, [1, 1, "all", 1]),
        value("present.0.value", cache, [1, 1, "all", 1]),
    ]
    graph = helper.make_graph(g.nodes, "extractive", inputs, outputs, g.constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def _tokenizer_config() -> dict[str, object]:
    flags = {"special": True, "normalized": False, "lstrip": False, "rstrip": False, "single_word": False}
    return {
        "tokenizer_class": "Qwen2Tokenizer",
        "model_max_length": CONTEXT_LENGTH,
        "bos_token": None,
        "eos_token": _CONTROL[_END],
        "pad_token": _CONTROL[_PAD],
        "unk_token": _CONTROL[_PAD],
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "chat_template": _CHAT_TEMPLATE,
        "added_tokens_decoder": {str(i): {"content": text, **flags} for i, text in enumerate(_CONTROL)},
    }


def _genai_config(vocabulary_size: int) -> dict[str, object]:
    past, present = "past_key_values.%d.", "present.%d."
    decoder = {
        "session_options": {"log_id": "onnxruntime-genai", "provider_options": [], "intra_op_num_threads": 1},
        "filename": "model.onnx",
        "head_size": 1,
        "hidden_size": 64,
        "num_attention_heads": 1,
        "num_hidden_layers": 1,
        "num_key_value_heads": 1,
        "inputs": {
            "input_ids": "input_ids",
            "attention_mask": "attention_mask",
            "past_key_names": f"{past}key",
            "past_value_names": f"{past}value",
        },
        "outputs": {
            "logits": "logits",
            "present_key_names": f"{present}key",
            "present_value_names": f"{present}value",
        },
    }
    model = {
        "type": "qwen2",
        "bos_token_id": _PAD,
        "eos_token_id": [_END, _PAD],
        "pad_token_id": _PAD,
        "vocab_size": vocabulary_size,
        "context_length": CONTEXT_LENGTH,
        "decoder": decoder,
    }
    # The cache grows by concatenation, so past and present can't share a buffer.
    search = {"do_sample": False, "max_length": CONTEXT_LENGTH, "num_beams": 1, "past_present_share_buffer": False}
    return {"model": model, "search": search}


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1), encoding="utf-8")
