"""From a Modelfile to a request; whoever read it has found out what its names and paths stand for."""

from __future__ import annotations

from collections.abc import Mapping

from models_app.creation.request import CreateRequest
from models_app.digests import Digest
from models_app.errors import InvalidCreate
from models_app.modelfile import Recipe, modelfile_parse, recipe_read

_BLOB = "@"


def request_of_recipe(
    recipe: Recipe,
    *,
    model: str,
    source: str = "",
    files: Mapping[str, str] | None = None,
    adapters: Mapping[str, str] | None = None,
    draft_files: Mapping[str, str] | None = None,
    quantize: str = "",
    draft_quantize: str = "",
) -> CreateRequest:
    return CreateRequest(
        model=model,
        source=source,
        files=files,
        adapters=adapters,
        draft_files=draft_files,
        template=recipe.template,
        system=recipe.system,
        licenses=recipe.licenses,
        parameters=recipe.parameters,
        messages=recipe.messages,
        quantize=quantize,
        draft_quantize=draft_quantize,
        renderer=recipe.renderer,
        parser=recipe.parser,
        requires=recipe.requires,
    )


def request_of_text(text: str, *, model: str, quantize: str = "") -> CreateRequest:
    """A Modelfile that came over the network: FROM names a model, or like ADAPTER a blob, ``@sha256:<hex>``.

    Never a path: nobody may ask which files there are. Raises InvalidModelfile, InvalidCreate, InvalidDigest.
    """
    recipe = recipe_read(modelfile_parse(text))
    names = [source for source in recipe.sources if not source.startswith(_BLOB)]
    blobs = [source for source in recipe.sources if source.startswith(_BLOB)]
    return request_of_recipe(
        recipe,
        model=model,
        source=names[-1] if names else "",
        files=_blobs("FROM", blobs) or None,
        adapters=_blobs("ADAPTER", recipe.adapters),
        draft_files=_blobs("DRAFT", recipe.drafts),
        quantize=quantize,
    )


def _blobs(keyword: str, references: tuple[str, ...] | list[str]) -> dict[str, str]:
    if not all(reference.startswith(_BLOB) for reference in references):
        raise InvalidCreate(f"{keyword} has to name a blob here: @sha256:<digest>")
    digests = [str(Digest.parse(reference.removeprefix(_BLOB))) for reference in references]
    return {f"{number}.gguf": digest for number, digest in enumerate(digests)}
