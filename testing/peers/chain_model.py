"""A language model that any Llama runtime loads, made of nothing:  python chain_model.py OUT.gguf

Every token of its answers names its successor: embeddings are one-hot, the layer's weights are
zero, and the output matrix is the successor relation. So generation is a fixed walk, whatever the
sampling settings, and no weights have to be fetched. The chat template picks the answer: who asks
it to count gets ``LONG``, anybody else ``SHORT``.

The format is GGUF 3 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md); the standard
library writes it.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

#: The answers, token by token; no token occurs twice, or its successor would not be known.
#: A "▁" is a space, and the two bytes of "é" come as one token each.
SHORT = ("Hello", "▁from", "▁a", "▁caf", "<0xC3>", "<0xA9>", ".")
LONG = tuple(f"{number}\n" for number in range(1, 241))

UNKNOWN, BEGIN, END = "<unk>", "<s>", "</s>"
TO_SHORT, TO_LONG = "<|short|>", "<|long|>"
BYTES = tuple(f"<0x{value:02X}>" for value in range(256))
CONTROL = frozenset({BEGIN, END, TO_SHORT, TO_LONG})
VOCABULARY = (
    *(UNKNOWN, BEGIN, END, TO_SHORT, TO_LONG),
    *BYTES,
    *(token for token in SHORT + LONG if token not in BYTES),
)
TEMPLATE = (
    "{% for message in messages %}{{ message['content'] }}{% endfor %}"
    "{% if 'Count' in messages[-1]['content'] %}<|long|>{% else %}<|short|>{% endif %}"
)

WIDTH = 1024  # at least one dimension for each token
HEADS = 8
FEED_FORWARD = 32
CONTEXT = 4096

ALIGNMENT = 32
F32, F16 = 0, 1
ONE_F32 = struct.pack("<f", 1)
ONE_F16, FOUR_F16 = struct.pack("<e", 1), struct.pack("<e", 4)


class Tensor(NamedTuple):
    """A tensor's name, its dimensions with the contiguous one first, its type and its bytes."""

    name: str
    shape: tuple[int, ...]
    kind: int
    data: bytes


def successors() -> dict[str, str]:
    """Return which token follows which; what is in no answer is followed by the end."""
    follows = dict.fromkeys(VOCABULARY, END)
    for first, answer in ((TO_SHORT, SHORT), (TO_LONG, LONG)):
        follows.update(pairwise((first, *answer, END)))
    return follows


def tensors() -> Iterator[Tensor]:
    """Return the model's tensors, of one layer."""
    number = {token: n for n, token in enumerate(VOCABULARY)}
    one_hot = bytearray(2 * WIDTH * len(VOCABULARY))
    following = bytearray(2 * WIDTH * len(VOCABULARY))
    for token, successor in successors().items():
        _put(one_hot, ONE_F16, row=number[token], column=number[token])
        _put(following, FOUR_F16, row=number[successor], column=number[token])
    yield Tensor("token_embd.weight", (WIDTH, len(VOCABULARY)), F16, bytes(one_hot))
    yield Tensor("output.weight", (WIDTH, len(VOCABULARY)), F16, bytes(following))
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        yield Tensor(f"{name}.weight", (WIDTH,), F32, ONE_F32 * WIDTH)
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        yield _zeros(f"blk.0.{name}.weight", WIDTH, WIDTH)
    yield _zeros("blk.0.ffn_gate.weight", WIDTH, FEED_FORWARD)
    yield _zeros("blk.0.ffn_up.weight", WIDTH, FEED_FORWARD)
    yield _zeros("blk.0.ffn_down.weight", FEED_FORWARD, WIDTH)


def _put(matrix: bytearray, value: bytes, *, row: int, column: int) -> None:
    at = 2 * (row * WIDTH + column)
    matrix[at : at + 2] = value


def _zeros(name: str, width: int, height: int) -> Tensor:
    return Tensor(name, (width, height), F16, bytes(2 * width * height))


def metadata() -> Mapping[str, bytes]:
    """Return what the file says of the model: by name, type and value as they are written."""
    return {
        "general.architecture": _text("llama"),
        "general.name": _text("chain"),
        "general.file_type": _number(F16),
        "llama.context_length": _number(CONTEXT),
        "llama.embedding_length": _number(WIDTH),
        "llama.block_count": _number(1),
        "llama.feed_forward_length": _number(FEED_FORWARD),
        "llama.attention.head_count": _number(HEADS),
        "llama.attention.head_count_kv": _number(HEADS),
        "llama.attention.layer_norm_rms_epsilon": struct.pack("<If", 6, 1e-5),
        "llama.rope.dimension_count": _number(WIDTH // HEADS),
        "llama.vocab_size": _number(len(VOCABULARY)),
        "tokenizer.ggml.model": _text("llama"),
        "tokenizer.ggml.tokens": _array(8, [_string(token) for token in VOCABULARY]),
        "tokenizer.ggml.scores": _array(6, [struct.pack("<f", -n) for n in range(len(VOCABULARY))]),
        "tokenizer.ggml.token_type": _array(
            5, [struct.pack("<i", _kind(token)) for token in VOCABULARY]
        ),
        "tokenizer.ggml.unknown_token_id": _number(VOCABULARY.index(UNKNOWN)),
        "tokenizer.ggml.bos_token_id": _number(VOCABULARY.index(BEGIN)),
        "tokenizer.ggml.eos_token_id": _number(VOCABULARY.index(END)),
        "tokenizer.ggml.add_bos_token": struct.pack("<I?", 7, True),
        "tokenizer.ggml.add_space_prefix": struct.pack("<I?", 7, False),
        "tokenizer.chat_template": _text(TEMPLATE),
    }


def _kind(token: str) -> int:
    """Return a token's type: 1 is a normal one, 2 unknown, 3 control, 6 a byte."""
    if token == UNKNOWN:
        return 2
    if token in CONTROL:
        return 3
    return 6 if token in BYTES else 1


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _text(text: str) -> bytes:
    return struct.pack("<I", 8) + _string(text)


def _number(value: int) -> bytes:
    return struct.pack("<II", 4, value)


def _array(kind: int, items: Sequence[bytes]) -> bytes:
    return struct.pack("<IIQ", 9, kind, len(items)) + b"".join(items)


def _aligned(data: bytes) -> bytes:
    return data + bytes(-len(data) % ALIGNMENT)


def gguf() -> bytes:
    """Return the model as a GGUF file."""
    weights, said = list(tensors()), metadata()
    head = b"GGUF" + struct.pack("<IQQ", 3, len(weights), len(said))
    for name, value in said.items():
        head += _string(name) + value
    offset = 0
    for tensor in weights:
        head += _string(tensor.name) + struct.pack("<I", len(tensor.shape))
        head += struct.pack(f"<{len(tensor.shape)}Q", *tensor.shape)
        head += struct.pack("<IQ", tensor.kind, offset)
        offset += len(_aligned(tensor.data))
    return _aligned(head) + b"".join(_aligned(tensor.data) for tensor in weights)


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(gguf())
