"""A model's vocabulary as llguidance wants it."""

from __future__ import annotations

from typing import Any

import llama_cpp.llama_cpp as lib


def new_tokenizer(vocab: Any) -> Any:
    """llguidance's LLTokenizer, which goes on using ``vocab``. Any of the tokens that end a generation ends an
    answer."""
    from llguidance.llamacpp import lltokenizer_from_vocab

    ends = [token for token in range(lib.llama_vocab_n_tokens(vocab)) if lib.llama_vocab_is_eog(vocab, token)]
    return lltokenizer_from_vocab(vocab, eos_token=ends or None)
