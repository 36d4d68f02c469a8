"""What is to be created, checked before any work begins (Ollama's CreateRequest, api/types.go)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from inference.chat.ollama.template import OllamaTemplate
from inference.errors import InvalidOption, TemplateError
from inference.options import OPTIONS
from inference.quantize.job import FILE_TYPES
from models_app.digests import Digest
from models_app.errors import InvalidCreate, InvalidModelName
from models_app.naming import ModelName

# The longest of Ollama's library has 12 000; a parser in Python takes a second for this many.
MAX_TEMPLATE_CHARS: Final = 256 * 1024
_FILE_TYPE_ALIASES: Final = {"Q3_K": "Q3_K_M", "Q4_K": "Q4_K_M", "Q5_K": "Q5_K_M"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRequest:
    """``source`` is the name of the model to build on; without one ``files`` make the model.

    ``files``, ``adapters`` and ``draft_files`` are relative paths with their blobs' digests; None where not given.
    ``parameters`` and ``messages`` are as Ollama's JSON has them. An empty text leaves what the base has.
    """

    model: str
    source: str = ""
    files: Mapping[str, str] | None = None
    adapters: Mapping[str, str] | None = None
    draft_files: Mapping[str, str] | None = None
    template: str = ""
    system: str = ""
    licenses: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    messages: tuple[Mapping[str, Any], ...] = ()
    quantize: str = ""
    draft_quantize: str = ""
    renderer: str = ""
    parser: str = ""
    requires: str = ""
    info: Mapping[str, Any] = field(default_factory=dict)


def request_check(request: CreateRequest) -> ModelName:
    """The name to be created. Raises InvalidCreate, InvalidModelName, InvalidDigest, in Ollama's order."""
    for files in (request.files, request.draft_files, request.adapters):
        _check_files(files or {})
    if request.draft_quantize and not request.draft_files:
        raise InvalidCreate("--draft-quantize requires a DRAFT model")
    name = ModelName.parse(request.model)
    if name.selector == "cloud":
        raise InvalidModelName(request.model)
    if not request.source and request.files is None:
        raise InvalidCreate("neither 'from' or 'files' was specified")
    for file_type in (request.quantize, request.draft_quantize):
        file_type_of(file_type)
    _check_template(request.template)
    _check_parameters(request.parameters)
    return name


def file_type_of(text: str) -> str:
    """The name of a type, written in any case; empty for none. Raises InvalidCreate."""
    name = text.upper()
    name = _FILE_TYPE_ALIASES.get(name, name)
    if name and name not in FILE_TYPES:
        known = ", ".join(FILE_TYPES)
        raise InvalidCreate(f"unsupported quantization type {name[:40]} - supported types are {known}")
    return name


def valid_path(path: str) -> bool:
    """Go's fs.ValidPath: relative, and no empty, ``.`` or ``..`` part."""
    return path == "." or all(part not in ("", ".", "..") for part in path.split("/"))


def _check_files(files: Mapping[str, str]) -> None:
    for path, digest in files.items():
        if not valid_path(path) or "\0" in path:
            raise InvalidCreate("file path must be relative")
        Digest.parse(digest)


def _check_template(template: str) -> None:
    if len(template) > MAX_TEMPLATE_CHARS:
        raise InvalidCreate(f"template error: longer than {MAX_TEMPLATE_CHARS} characters")
    if template:
        try:
            OllamaTemplate(template)
        except TemplateError as error:
            raise InvalidCreate(f"template error: {error}") from None


def _check_parameters(parameters: Mapping[str, Any]) -> None:
    """What every request would fail on is refused now. Names that nobody knows are kept, as Ollama keeps them."""
    for name, value in parameters.items():
        if name in OPTIONS and value is not None:
            try:
                OPTIONS[name].convert(name, as_list(name, value))
            except InvalidOption as error:
                raise InvalidCreate(str(error)) from None


def as_list(name: str, value: Any) -> Any:
    """One stop sequence may come without its list."""
    return [value] if name == "stop" and isinstance(value, str) else value


def licenses_of(value: Any) -> tuple[str, ...]:
    """Ollama takes one text or a list of them. Raises InvalidCreate."""
    texts: Iterable[Any] = [value] if isinstance(value, str) else value or []
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise InvalidCreate("license must be a string or a list of strings")
    return tuple(text for text in texts if text)
