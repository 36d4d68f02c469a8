"""What a model's file says of how it ranks."""

from __future__ import annotations

from typing import Any

import llama_cpp.llama_cpp as lib

from inference.engine.embedding.ranking import RankFormat
from inference.engine.llama.text import metadata

# llama.cpp's own list (llama-graph.cpp, llm_graph_input_cls): their classifier reads the last token, others' the first.
_RANKS_BY_LAST = ("qwen3", "qwen3vl")


def ranks_by_last(model: Any) -> bool:
    return metadata(model, "general.architecture") in _RANKS_BY_LAST


def rank_format(model: Any, vocab: Any) -> RankFormat | None:
    """None for a model that does not rank."""
    architecture = metadata(model, "general.architecture")
    if metadata(model, f"{architecture}.pooling_type") != str(lib.LLAMA_POOLING_TYPE_RANK):
        return None
    eos = lib.llama_vocab_eos(vocab)
    end = _tokens(lib.llama_vocab_get_add_eos(vocab), eos if eos >= 0 else lib.llama_vocab_sep(vocab))
    return RankFormat(
        template=(lib.llama_model_chat_template(model, b"rerank") or b"").decode(errors="replace"),
        before=_tokens(lib.llama_vocab_get_add_bos(vocab), lib.llama_vocab_bos(vocab)),
        between=end + _tokens(lib.llama_vocab_get_add_sep(vocab), lib.llama_vocab_sep(vocab)),
        after=end,
    )


def _tokens(wanted: bool, token: int) -> tuple[int, ...]:
    """-1 is what a vocabulary has not."""
    return (token,) if wanted and token >= 0 else ()
