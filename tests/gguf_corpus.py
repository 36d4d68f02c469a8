"""GGUF files that lie: each breaks one rule of the reader (models_app/gguf/), most after a CVE of a loader.

Written byte by byte, because no honest writer makes them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
Q4_0 = 2
_MAX_U64 = (1 << 64) - 1


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(data)) + data


def pair(key: str | bytes, kind: int, data: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + data


def array(kind: int, count: int, data: bytes) -> bytes:
    return struct.pack("<IQ", kind, count) + data


def tensor(name: str | bytes, shape: tuple[int, ...], *, kind: int = 0, offset: int = 0, n_dims: int = -1) -> bytes:
    n_dims = len(shape) if n_dims < 0 else n_dims
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", n_dims, *shape, kind, offset)


def gguf(
    *,
    pairs: tuple[bytes, ...] = (),
    tensors: tuple[bytes, ...] = (),
    data: bytes = b"",
    magic: bytes = b"GGUF",
    version: int = 3,
    n_pairs: int = -1,
    n_tensors: int = -1,
    alignment: int = 32,
) -> bytes:
    """A file of these parts, whatever they are; the counts tell the truth unless they are given."""
    n_pairs = len(pairs) if n_pairs < 0 else n_pairs
    n_tensors = len(tensors) if n_tensors < 0 else n_tensors
    head = magic + struct.pack("<IQQ", version, n_tensors, n_pairs) + b"".join(pairs) + b"".join(tensors)
    return head + b"\0" * (-len(head) % alignment) + data


ARCHITECTURE = pair("general.architecture", STRING, text("llama"))
WEIGHTS = tensor("token_embd.weight", (32, 4))
DATA = b"\0" * (32 * 4 * 4)


def sound() -> bytes:
    """What the others differ from by one fault."""
    return gguf(pairs=(ARCHITECTURE,), tensors=(WEIGHTS,), data=DATA)


def _meta(*pairs: bytes) -> bytes:
    return gguf(pairs=(ARCHITECTURE, *pairs), tensors=(WEIGHTS,), data=DATA)


def _weights(*tensors: bytes, data: bytes = DATA) -> bytes:
    return gguf(pairs=(ARCHITECTURE,), tensors=tensors, data=data)


def _number(key: str, value: int, kind: int = U32) -> bytes:
    return pair(key, kind, struct.pack({U32: "<I", U64: "<Q", I32: "<i"}[kind], value))


# Refused by the reader itself.
MALFORMED: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "four bytes": lambda: b"GGUF",
    "23 bytes": lambda: sound()[:23],
    "header only, but counts": lambda: sound()[:24],
    "cut in the metadata": lambda: sound()[:60],
    "cut in the tensor table": lambda: sound()[:100],
    "last byte missing": lambda: sound()[:-1],
    "another magic": lambda: gguf(magic=b"GGML"),
    "a zip": lambda: b"PK\x03\x04" + b"\0" * 100,
    "version 0": lambda: gguf(version=0),
    "version 1": lambda: gguf(version=1),
    "big-endian version": lambda: gguf(version=3 << 24),
    "2^64-1 keys": lambda: gguf(n_pairs=_MAX_U64),
    "4 097 keys": lambda: gguf(n_pairs=4_097, data=b"\0" * 100_000),
    "2^64-1 tensors": lambda: gguf(n_tensors=_MAX_U64),
    "65 537 tensors": lambda: gguf(n_tensors=65_537, data=b"\0" * 100_000),
    "key length 2^64-1": lambda: gguf(pairs=(struct.pack("<Q", _MAX_U64),), n_pairs=1, data=DATA),
    "key length beyond the file": lambda: gguf(pairs=(struct.pack("<Q", 60_000) + b"key",), n_pairs=1),
    "empty key": lambda: _meta(pair("", U32, b"\1\0\0\0")),
    "repeated key": lambda: _meta(ARCHITECTURE),
    "unknown value type": lambda: _meta(pair("k", 13, b"\0" * 64)),
    "value type 2^32-1": lambda: _meta(pair("k", 0xFFFFFFFF, b"\0" * 64)),
    "string of 2 MiB": lambda: _meta(pair("k", STRING, text(b"x" * (2 << 20)))),
    "string length 2^63": lambda: _meta(pair("k", STRING, struct.pack("<Q", 1 << 63) + b"x")),
    "20 MiB of texts": lambda: _meta(*(pair(f"k{n}", STRING, text(b"x" * (1 << 20))) for n in range(20))),
    "array of arrays": lambda: _meta(pair("k", ARRAY, array(ARRAY, 1, array(U8, 1, b"\0")))),
    "array of an unknown type": lambda: _meta(pair("k", ARRAY, array(99, 1, b"\0" * 8))),
    "array of 2^64-1 numbers": lambda: _meta(pair("k", ARRAY, array(U8, _MAX_U64, b""))),
    "array of 2^61 u64 (8 times that wraps)": lambda: _meta(pair("k", ARRAY, array(U64, 1 << 61, b""))),
    "array of 17 M bytes": lambda: _meta(pair("k", ARRAY, array(U8, 17 << 20, b"\0" * (17 << 20)))),
    "array beyond the file": lambda: _meta(pair("k", ARRAY, array(U64, 1 << 20, b"\0" * 8))),
    "strings beyond the file": lambda: _meta(pair("k", ARRAY, array(STRING, 1 << 20, text("a") * 10))),
    "5 M empty strings": lambda: _meta(pair("k", ARRAY, array(STRING, 5 << 20, b"\0" * (40 << 20)))),
    "a string of 2^56 in an array": lambda: _meta(
        pair("k", ARRAY, array(STRING, 3, text("a") + struct.pack("<Q", 1 << 56) + text("b") * 9))
    ),
    "alignment 0": lambda: _meta(_number("general.alignment", 0)),
    "alignment 33": lambda: _meta(_number("general.alignment", 33)),
    "alignment 2^31": lambda: _meta(_number("general.alignment", 1 << 31)),
    "alignment as text": lambda: _meta(pair("general.alignment", STRING, text("32"))),
    "0 dimensions": lambda: _weights(tensor("w", ())),
    "5 dimensions": lambda: _weights(tensor("w", (1, 1, 1, 1, 1))),
    "2^32-1 dimensions": lambda: _weights(tensor("w", (1,), n_dims=0xFFFFFFFF)),
    "a dimension of 0": lambda: _weights(tensor("w", (32, 0))),
    "a dimension of 2^64-1": lambda: _weights(tensor("w", (_MAX_U64,))),
    "a product that wraps to 0": lambda: _weights(tensor("w", (1 << 32, 1 << 32))),
    "a product that wraps to 32": lambda: _weights(tensor("w", (32, (1 << 59) + 1))),
    "a row that is no whole block": lambda: _weights(tensor("w", (33, 1), kind=Q4_0)),
    "unknown tensor type": lambda: _weights(tensor("w", (32,), kind=99)),
    "removed tensor type": lambda: _weights(tensor("w", (32,), kind=4)),
    "offset beyond the file": lambda: _weights(tensor("w", (32,), offset=1 << 20)),
    "offset 2^64-32 (adding wraps)": lambda: _weights(tensor("w", (32,), offset=_MAX_U64 - 31)),
    "extent beyond the file": lambda: _weights(tensor("w", (32, 5))),
    "unaligned offset": lambda: _weights(tensor("w", (32,), offset=4)),
    "two tensors of one name": lambda: _weights(WEIGHTS, WEIGHTS),
    "a tensor without a name": lambda: _weights(tensor("", (32,))),
    "a tensor name of 300 bytes": lambda: _weights(tensor("n" * 300, (32,))),
}

# Well-formed, but nothing the catalog could serve or the engine could plan with.
UNUSABLE: dict[str, Callable[[], bytes]] = {
    "no architecture": lambda: gguf(tensors=(WEIGHTS,), data=DATA),
    "architecture as a number": lambda: gguf(
        pairs=(_number("general.architecture", 7),), tensors=(WEIGHTS,), data=DATA
    ),
    "no weights": lambda: gguf(pairs=(ARCHITECTURE,)),
    "context length as text": lambda: _meta(pair("llama.context_length", STRING, text("many"))),
    "context length 2^64-1": lambda: _meta(_number("llama.context_length", _MAX_U64, U64)),
    "negative layers": lambda: _meta(_number("llama.block_count", -1 & 0xFFFFFFFF, U32)),
    "a million layers": lambda: _meta(_number("llama.block_count", 1_000_000)),
    "heads as text": lambda: _meta(
        _number("llama.block_count", 2),
        pair("llama.attention.head_count", ARRAY, array(STRING, 2, text("8") * 2)),
    ),
    "a cache of 2^63 bytes": lambda: _meta(
        _number("llama.block_count", 4_096),
        _number("llama.attention.head_count", (1 << 31) - 1),
        _number("llama.attention.key_length", (1 << 31) - 1),
    ),
    "an adapter": lambda: _meta(pair("general.type", STRING, text("adapter"))),
    "one part of three": lambda: _meta(pair("split.count", U16, struct.pack("<H", 3))),
    "a projector": lambda: gguf(
        pairs=(pair("general.architecture", STRING, text("clip")),), tensors=(WEIGHTS,), data=DATA
    ),
}
