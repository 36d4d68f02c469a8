"""tokenizer.model: SentencePiece's protocol buffer (sentencepiece_model.proto), the messages of it that matter."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from models_app.errors import InvalidCreate
from models_app.safetensors.folder import Folder
from models_app.safetensors.tokenizer_json import MAX_TOKENS, AddedToken
from models_app.safetensors.vocabulary import TokenType, Vocabulary

NAME: Final = "tokenizer.model"
MAX_BYTES: Final = 64 << 20
# ModelProto: pieces, normalizer_spec. SentencePiece: piece, score, type. NormalizerSpec: add_dummy_prefix.
_PIECES, _NORMALIZER = 1, 3
_PIECE, _SCORE, _TYPE = 1, 2, 3
_ADD_DUMMY_PREFIX = 3
_ADDED_SCORE = -1000.0


def vocabulary_read(folder: Folder) -> Vocabulary:
    """With the tokens that were added later. Raises InvalidCreate."""
    tokens: list[str] = []
    scores: list[float] = []
    types: list[TokenType] = []
    add_space_prefix = True
    for field, value in _fields(folder.data(NAME, max_bytes=MAX_BYTES)):
        if field == _PIECES and isinstance(value, bytes):
            token, score, kind = _piece(value)
            tokens.append(token)
            scores.append(score)
            types.append(kind)
        elif field == _NORMALIZER and isinstance(value, bytes):
            add_space_prefix = bool(dict(_fields(value)).get(_ADD_DUMMY_PREFIX, 1))
    for added in _added(folder):
        if not 0 <= added.id <= min(len(tokens), MAX_TOKENS):
            raise InvalidCreate(f"{NAME}: an added token's id is not in range")
        kind = TokenType.CONTROL if added.special else TokenType.USER_DEFINED
        if added.id == len(tokens):
            tokens.append(added.content)
            scores.append(_ADDED_SCORE)
            types.append(kind)
        elif types[added.id] == TokenType.NORMAL:
            types[added.id] = kind
    if not tokens:
        raise InvalidCreate(f"{NAME}: it has no tokens")
    return Vocabulary(
        model="llama", pre="default", tokens=tokens, types=types, scores=scores, add_space_prefix=add_space_prefix
    )


def _added(folder: Folder) -> list[AddedToken]:
    """By their ids; tokenizer.json says which are special, added_tokens.json doesn't."""
    if folder.has("tokenizer.json"):
        whole = folder.object("tokenizer.json").get("added_tokens")
        found = [entry for entry in whole if _is_token(entry)] if isinstance(whole, list) else []
        added = [AddedToken(entry["id"], entry["content"], bool(entry.get("special"))) for entry in found]
    else:
        named = folder.json("added_tokens.json", dict[str, int]) if folder.has("added_tokens.json") else {}
        added = [AddedToken(number, content) for content, number in named.items()]
    return sorted(added, key=lambda token: token.id)


def _is_token(entry: object) -> bool:
    return isinstance(entry, dict) and type(entry.get("id")) is int and isinstance(entry.get("content"), str)


def _piece(data: bytes) -> tuple[str, float, TokenType]:
    fields = dict(_fields(data))
    piece, score, kind = fields.get(_PIECE, b""), fields.get(_SCORE, 0.0), fields.get(_TYPE, 1)
    if not isinstance(piece, bytes) or not isinstance(score, float) or kind not in set(TokenType):
        raise InvalidCreate(f"{NAME}: it is not a SentencePiece model")
    return piece.decode("utf-8", "replace"), score, TokenType(int(kind))


def _fields(data: bytes) -> Iterator[tuple[int, int | float | bytes]]:
    """The fields of a message (protobuf.dev/programming-guides/encoding). Raises InvalidCreate."""
    position = 0
    try:
        while position < len(data):
            tag, position = _varint(data, position)
            match tag & 7:
                case 0:
                    value: int | float | bytes
                    value, position = _varint(data, position)
                case 1:
                    (value,) = struct.unpack_from("<d", data, position)
                    position += 8
                case 2:
                    length, position = _varint(data, position)
                    value = data[position : position + length]
                    position += length
                    if len(value) != length:
                        raise IndexError
                case 5:
                    (value,) = struct.unpack_from("<f", data, position)
                    position += 4
                case _:
                    raise IndexError
            yield tag >> 3, value
    except (IndexError, struct.error):
        raise InvalidCreate(f"{NAME}: it is not a SentencePiece model") from None


def _varint(data: bytes, position: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
        shift += 7
        if shift > 63:
            raise IndexError
