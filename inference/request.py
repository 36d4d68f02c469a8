"""What a caller asks of the engine. Immutable, and the same on both sides of the worker's socket (msgpack)."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct


class Message(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One turn of a chat, as the templates see it. ``tool_calls`` is in OpenAI's form with arguments as an object.

    ``images`` are whole files (PNG, JPEG, …; sound for models that hear), as their bytes. ``name`` tells people of one
    role apart, where the template knows of it.
    """

    role: str
    content: str = ""
    name: str = ""
    images: tuple[bytes, ...] = ()
    thinking: str = ""
    tool_calls: tuple[dict[str, Any], ...] = ()
    tool_name: str = ""
    tool_call_id: str = ""


class ChatPrompt(Struct, frozen=True, kw_only=True, tag="chat", omit_defaults=True):
    """Messages for the chat template. ``context`` are tokens put before the rendered text (Ollama's ``context``).

    ``template`` is the source of one of Ollama's (Go) templates, used in place of the model's own Jinja. A last message
    of the assistant is continued (prefill) when ``continue_final_message`` is set.

    ``tools`` are JSON objects in OpenAI's form (``{"type": "function", "function": {…}}``). ``think`` None leaves it to
    the template; a word is a level. ``suffix`` asks for what stands between the last user message and it (insert).
    """

    messages: tuple[Message, ...]
    context: tuple[int, ...] = ()
    template: str = ""
    continue_final_message: bool = False
    tools: tuple[dict[str, Any], ...] = ()
    think: bool | str | None = None
    suffix: str = ""


class TextPrompt(Struct, frozen=True, kw_only=True, tag="text", omit_defaults=True):
    """Text for the tokenizer as it stands (``raw``, and OpenAI's legacy completions).

    ``images`` stand where it says ``[img-0]``, ``[img-1]``…, or in front of it.
    """

    text: str
    context: tuple[int, ...] = ()
    images: tuple[bytes, ...] = ()


class TokenPrompt(Struct, frozen=True, kw_only=True, tag="tokens"):
    tokens: tuple[int, ...]


Prompt = ChatPrompt | TextPrompt | TokenPrompt


def images_of(prompt: Prompt) -> tuple[bytes, ...]:
    """All of them, in the order of the messages."""
    if isinstance(prompt, ChatPrompt):
        return tuple(image for message in prompt.messages for image in message.images)
    return prompt.images if isinstance(prompt, TextPrompt) else ()


class SamplingOptions(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every value the sampler chain takes, with Ollama's defaults (api/types.go, DefaultOptions).

    ``seed`` -1 draws a fresh one; any other gives a request that runs alone the same answer again, at the price of a
    prefill without the KV cache's help. ``repeat_last_n`` 0 switches penalties off, -1 means the whole context.
    ``logit_bias`` maps token ids to what is added to their logit.
    """

    seed: int = -1
    temperature: float = 0.8
    top_k: int = 40
    top_p: float = 0.9
    min_p: float = 0.0
    typical_p: float = 1.0
    repeat_last_n: int = 64
    repeat_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    mirostat: int = 0
    mirostat_tau: float = 5.0
    mirostat_eta: float = 0.1
    dry_multiplier: float = 0.0
    dry_base: float = 1.75
    dry_allowed_length: int = 2
    dry_penalty_last_n: int = -1
    dry_sequence_breakers: tuple[str, ...] = ("\n", ":", '"', "*")
    xtc_probability: float = 0.0
    xtc_threshold: float = 0.1
    logit_bias: dict[int, float] = {}


class Constraint(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the answer has to be. ``json`` is any JSON object (``text`` is empty), ``json_schema`` a schema as text, the
    others a regular expression, a Lark grammar and a GBNF grammar.

    It begins to hold behind the end of the request's ``thinking``, where it has one.
    """

    kind: Literal["json", "json_schema", "regex", "lark", "gbnf"]
    text: str = ""


class Opening(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What begins a call in free text: the regular expression (Python's, without white space at its end) ``pattern``.

    ``begins`` is the beginning of the grammar that it stands for, in which ``\\1`` is the pattern's first group.
    ``at_start``: only where the answer begins, behind its thoughts.
    """

    pattern: str
    begins: str = ""
    at_start: bool = False


class LazyConstraint(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Free text until one of ``openings`` stands in it; from there on a constraint holds, and when that is complete the
    text is free again, or over where ``once``.

    ``constraints`` are tried in turn, and the first that can be compiled is taken. Where none can, the request is
    refused if ``needed``, and else stays free.
    """

    openings: tuple[Opening, ...]
    constraints: tuple[Constraint, ...]
    once: bool = False
    needed: bool = False


class ThinkingSpan(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The texts around a model's thinking; ``budget`` tokens of it at most, then ``end`` is put in the model's mouth.

    ``budget`` -1: as many as it likes.
    """

    start: str
    end: str
    budget: int = -1


class GenerateRequest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One generation.

    ``num_predict`` < 0 goes on until the model stops or the context ends. ``truncate`` lets the oldest messages (or
    the text's head) be dropped until the prompt fits; ``shift`` lets a generation that reaches the end of the context
    drop its oldest half after ``num_keep`` tokens and go on. ``num_ctx`` is the context this request may use where the
    model is loaded with a longer one; 0: all of it. ``top_logprobs`` None: no logprobs; 0: only the chosen
    token's. ``prompt_logprobs`` is the same for the prompt, which is decoded as a whole then and never truncated.
    ``cache_scope`` names the tenant: KV cells are reused only within one scope. Answers of one ``group`` to
    one prompt share its cells even where each has a seed. ``render_only`` decodes nothing: the answer is the prompt
    itself, as the template made it. ``preserved`` are special tokens, as text, that stay in the
    answer's text where they are otherwise left out: a parser behind the engine reads them. ``lazy_constraint`` holds
    behind the thoughts, too, and only where there is no ``constraint``.
    """

    prompt: Prompt
    sampling: SamplingOptions = SamplingOptions()
    num_predict: int = -1
    num_keep: int = 4
    num_ctx: int = 0
    stop: tuple[str, ...] = ()
    truncate: bool = True
    shift: bool = True
    top_logprobs: int | None = None
    prompt_logprobs: int | None = None
    return_context: bool = False
    cache_scope: str = ""
    group: str = ""
    render_only: bool = False
    constraint: Constraint | None = None
    lazy_constraint: LazyConstraint | None = None
    thinking: ThinkingSpan | None = None
    preserved: tuple[str, ...] = ()

    def context_length(self, loaded: int) -> int:
        """Tokens that prompt and answer may have together, in a context of ``loaded`` tokens."""
        return min(self.num_ctx or loaded, loaded)


class TokenizeRequest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The tokens of a prompt, however many: it is rendered and tokenized, its media are measured, nothing is decoded.

    ``add_special`` None treats a text as a generation does; True puts the vocabulary's first and last tokens around it
    (none that it begins with already), False nothing. ``parse_special``: text that is written like a control token
    becomes one; both are for a TextPrompt. ``wants``: how many they are, which they are, or their texts too.
    """

    prompt: Prompt
    add_special: bool | None = None
    parse_special: bool = True
    wants: Literal["count", "tokens", "pieces"] = "tokens"


class EmbedRequest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Texts, or the tokens of texts, that are embedded together; the vectors come back in this order.

    ``truncate``: an input longer than the context loses its end; otherwise it fails the request. ``num_ctx`` as in
    GenerateRequest. ``dimensions``: only so many first numbers of each vector; 0: all. ``normalize``: vectors of
    length 1; None leaves that to the model's file.

    With a ``query``, for a model that ranks: the inputs are texts, and a vector holds the scores that the model's
    classifier gives the two together.
    """

    inputs: tuple[str | tuple[int, ...], ...]
    query: str | None = None
    truncate: bool = True
    num_ctx: int = 0
    dimensions: int = 0
    normalize: bool | None = True

    def context_length(self, loaded: int) -> int:
        return min(self.num_ctx or loaded, loaded)
