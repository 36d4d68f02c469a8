"""The chat template of a model whose file has none: told by the special tokens in its vocabulary, and by its family.

Every format is its makers' published one. A model that matches none of them gets plain words for the roles, which is
what a model without chat tokens has most likely seen.
"""

from __future__ import annotations

from collections.abc import Callable

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAMA3 = (
    "{{ bos_token }}{% for message in messages %}<|start_header_id|>{{ message.role }}<|end_header_id|>\n\n"
    "{{ message.content | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
GEMMA = (
    "{{ bos_token }}{% set ns = namespace(system='') %}{% for message in messages %}"
    "{% if message.role == 'system' %}{% set ns.system = message.content + '\n\n' %}{% else %}"
    "<start_of_turn>{{ 'model' if message.role == 'assistant' else 'user' }}\n"
    "{% if message.role != 'assistant' %}{{ ns.system }}{% set ns.system = '' %}{% endif %}"
    "{{ message.content | trim }}<end_of_turn>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
PHI3 = (
    "{% for message in messages %}<|{{ message.role }}|>\n{{ message.content }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
PHI2 = (
    "{% for message in messages %}{% if message.role == 'system' %}{{ message.content }}\n"
    "{% elif message.role == 'assistant' %}Output: {{ message.content }}\n"
    "{% else %}Instruct: {{ message.content }}\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}Output:{% endif %}"
)
LLAMA2 = (
    "{% set ns = namespace(system='') %}{% for message in messages %}"
    "{% if message.role == 'system' %}{% set ns.system = '<<SYS>>\n' + message.content + '\n<</SYS>>\n\n' %}"
    "{% elif message.role == 'assistant' %}{{ ' ' + message.content | trim + ' ' + eos_token }}"
    "{% else %}{{ bos_token + '[INST] ' + ns.system + message.content | trim + ' [/INST]' }}"
    "{% set ns.system = '' %}{% endif %}{% endfor %}"
)
GENERIC = (
    "{% for message in messages %}{{ message.role | capitalize }}: {{ message.content }}\n\n{% endfor %}"
    "{% if add_generation_prompt %}Assistant:{% endif %}"
)

# Tokens that only one format has, each a token of its own in such a vocabulary.
_BY_TOKEN = (
    ("<|im_start|>", CHATML),
    ("<|start_header_id|>", LLAMA3),
    ("<start_of_turn>", GEMMA),
    ("<|assistant|>", PHI3),
    ("[INST]", LLAMA2),
)
_BY_ARCHITECTURE = {"phi2": PHI2, "phi3": PHI3, "gemma": GEMMA, "gemma2": GEMMA, "gemma3": GEMMA}
# The vocabulary of the first two Llamas, whose format is written in ordinary tokens.
_LLAMA2_VOCAB = 32_000


def default_template(is_token: Callable[[str], bool], *, architecture: str, n_vocab: int) -> str:
    """Jinja source. ``is_token`` says whether a text is one token of the vocabulary."""
    for text, template in _BY_TOKEN:
        if is_token(text):
            return template
    if architecture == "llama" and n_vocab == _LLAMA2_VOCAB:
        return LLAMA2
    return _BY_ARCHITECTURE.get(architecture, GENERIC)
