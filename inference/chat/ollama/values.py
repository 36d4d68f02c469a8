"""Messages and tools as Ollama hands them to its templates (template/template.go, api/types.go).

The types and their fields are Ollama's, with its JSON names: ``{{ json . }}`` and ``{{ . }}`` show them. What a client
sent beyond those fields is not there, as it isn't in Ollama.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from inference.chat.gotemplate.gojson import NotJSON, to_json
from inference.chat.gotemplate.printing import formatted
from inference.chat.gotemplate.values import Attribute, GoList, GoMap, Kind, NilList, Record, from_json

TYPESCRIPT = {
    "string": "string",
    "number": "number",
    "integer": "number",
    "boolean": "boolean",
    "array": "any[]",
    "object": "Record<string, any>",
    "null": "null",
}


def json_text(value: Any) -> str:
    """``json``; empty where JSON has no form for the value, as in Ollama."""
    try:
        return to_json(value)
    except NotJSON:
        return ""


class Tools(GoList):
    kind = Kind("template.templateTools", methods={"String": json_text})


class NilTools(Tools):
    nil = True


class Arguments(GoMap):
    kind = Kind("template.templateArgs", methods={"String": lambda value: "{}" if value.nil else json_text(value)})


class NilArguments(Arguments):
    nil = True


class Properties(GoMap):
    kind = Kind(
        "template.templateProperties", methods={"String": lambda value: "{}" if value.nil else json_text(value)}
    )


class NilProperties(Properties):
    nil = True


class NestedProperties(GoMap):
    kind = Kind("*api.ToolPropertiesMap")
    ordered = True


class PropertyType(GoList):
    """One type or several; one shows as itself."""

    kind = Kind("api.PropertyType", methods={"String": lambda value: _type_text(value)})
    single_bare = True

    @property
    def nil(self) -> bool:  # type: ignore[override]
        return not self


def typescript(value: Any) -> str:
    """``toTypeScriptType`` of a tool's property; ``any`` for anything else."""
    if not isinstance(value, Record) or value.kind is not PROPERTY:
        return "any"
    if value.values["AnyOf"]:
        return " | ".join(map(typescript, value.values["AnyOf"]))
    return " | ".join(TYPESCRIPT.get(name, "any") for name in value.values["Type"]) or "any"


PROPERTY = Kind(
    "api.ToolProperty",
    (
        Attribute("AnyOf", "anyOf", omit_empty=True),
        Attribute("Type", "type", omit_empty=True),
        Attribute("Items", "items", omit_empty=True),
        Attribute("Description", "description", omit_empty=True),
        Attribute("Enum", "enum", omit_empty=True),
        Attribute("Properties", "properties", omit_empty=True),
        Attribute("Required", "required", omit_empty=True),
    ),
    {"ToTypeScriptType": typescript},
)
PARAMETERS = Kind(
    "template.templateToolFunctionParameters",
    (
        Attribute("Type", "type"),
        Attribute("Defs", "$defs", omit_empty=True),
        Attribute("Items", "items", omit_empty=True),
        Attribute("Required", "required", omit_empty=True),
        Attribute("Properties", "properties"),
    ),
)
FUNCTION = Kind(
    "template.templateToolFunction",
    (Attribute("Name", "name"), Attribute("Description", "description"), Attribute("Parameters", "parameters")),
)
TOOL = Kind(
    "template.templateTool",
    (Attribute("Type", "type"), Attribute("Items", "items", omit_empty=True), Attribute("Function", "function")),
    {"String": json_text},
)
CALLED = Kind("template.templateToolCallFunction", (Attribute("Index"), Attribute("Name"), Attribute("Arguments")))
CALL = Kind("template.templateToolCall", (Attribute("ID"), Attribute("Function")))
MESSAGE = Kind(
    "*template.templateMessage",
    tuple(Attribute(name) for name in ("Role", "Content", "Thinking", "Images", "ToolCalls", "ToolName", "ToolCallID")),
)


def tool_list(tools: Iterable[Mapping[str, Any]]) -> Tools:
    return Tools(map(_tool, tools)) or NilTools()


def tool_call_list(calls: Iterable[Mapping[str, Any]]) -> GoList:
    return GoList(map(_tool_call, calls)) or NilList()


def _tool(tool: Mapping[str, Any]) -> Record:
    function = _mapping(tool.get("function"))
    parameters = _mapping(function.get("parameters"))
    properties = parameters.get("properties")
    values = {
        "Type": _text(parameters.get("type")),
        "Defs": from_json(parameters.get("$defs")),
        "Items": from_json(parameters.get("items")),
        "Required": _texts(parameters.get("required")),
        "Properties": _properties(properties, Properties) if isinstance(properties, Mapping) else NilProperties(),
    }
    inner = {
        "Name": _text(function.get("name")),
        "Description": _text(function.get("description")),
        "Parameters": Record(PARAMETERS, values),
    }
    return Record(
        TOOL,
        {
            "Type": _text(tool.get("type")),
            "Items": from_json(tool.get("items")),
            "Function": Record(FUNCTION, inner),
        },
    )


def _properties(value: Any, made: type[GoMap]) -> GoMap:
    return made({str(name): _property(item) for name, item in _mapping(value).items()})


def _property(value: Any) -> Record:
    schema = _mapping(value)
    nested = schema.get("properties")
    return Record(
        PROPERTY,
        {
            "AnyOf": _records(schema.get("anyOf")),
            "Type": _types(schema.get("type")),
            "Items": from_json(schema.get("items")),
            "Description": _text(schema.get("description")),
            "Enum": GoList(from_json(_sequence(schema.get("enum")))) or NilList(),
            "Properties": _properties(nested, NestedProperties) if isinstance(nested, Mapping) else None,
            "Required": _texts(schema.get("required")),
        },
    )


def _records(value: Any) -> GoList:
    return GoList(map(_property, _sequence(value))) or NilList()


def _types(value: Any) -> PropertyType:
    return PropertyType([value] if isinstance(value, str) else [_text(item) for item in _sequence(value)])


def _type_text(value: PropertyType) -> str:
    return _text(value[0]) if len(value) == 1 else formatted(list(value)) if value else ""


def _tool_call(call: Mapping[str, Any]) -> Record:
    function = _mapping(call.get("function"))
    index = function.get("index", call.get("index"))
    values = {
        "Index": index if isinstance(index, int) else 0,
        "Name": _text(function.get("name")),
        "Arguments": _arguments(function.get("arguments")),
    }
    return Record(CALL, {"ID": _text(call.get("id")), "Function": Record(CALLED, values)})


def _arguments(value: Any) -> Arguments:
    """An object, or OpenAI's text of one."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    return Arguments(from_json(dict(value))) if isinstance(value, Mapping) else NilArguments()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def _texts(value: Any) -> GoList:
    return GoList(map(_text, _sequence(value))) or NilList()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
