"""A creation from the command line: the Modelfile found and read, its progress shown, Ctrl-C obeyed."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from models_app.console.progress import progress_writer
from models_app.console.pulling import ctrl_c_cancels
from models_app.errors import InvalidModelfile, TransferCancelled

if TYPE_CHECKING:
    from models_app.entries import ModelEntry
    from models_app.modelfile import Recipe

DEFAULT_FILE: Final = "Modelfile"
# What Ollama takes where there is no Modelfile: the folder's own weights.
_NO_FILE: Final = b"FROM .\n"
_STDIN: Final = "-"
MAX_MODELFILE_BYTES: Final = 64 << 20


def create(
    *,
    model: str,
    file: str | None,
    quantize: str,
    draft_quantize: str,
    stream: TextIO,
    as_json: bool = False,
    warnings: TextIO = sys.stderr,
) -> ModelEntry:
    """Creates and shows it on ``stream``. Raises CatalogError, and KeyboardInterrupt when Ctrl-C ended it."""
    from models_app.creation.local import request_of_local
    from models_app.creation.request import file_type_of
    from models_app.naming import ModelName
    from models_app.services.create import model_create

    # Before files are read for minutes.
    ModelName.parse(model)
    for file_type in (quantize, draft_quantize):
        file_type_of(file_type)
    recipe, folder = _recipe(file)
    for name in recipe.ignored_parameters:
        warnings.write(f"warning: parameter {name} is deprecated\n")
    with progress_writer(stream, as_json=as_json) as writer, ctrl_c_cancels() as cancelled:
        try:
            request = request_of_local(
                recipe,
                folder=folder,
                model=model,
                quantize=quantize,
                draft_quantize=draft_quantize,
                on_progress=writer.show,
                cancelled=cancelled,
            )
            return model_create(request=request, on_progress=writer.show, cancelled=cancelled, record_job=True)
        except TransferCancelled as error:
            raise KeyboardInterrupt from error


def _recipe(file: str | None) -> tuple[Recipe, Path]:
    """What the Modelfile means, and the folder that its paths start from."""
    from models_app.modelfile import modelfile_decode, modelfile_parse, recipe_read

    data = _read(file)
    folder = Path.cwd() if file in (None, _STDIN) else Path(file or "").expanduser().resolve().parent
    return recipe_read(modelfile_parse(modelfile_decode(data))), folder


def _read(file: str | None) -> bytes:
    if file == _STDIN:
        return _bounded(sys.stdin.buffer.read(MAX_MODELFILE_BYTES + 1))
    try:
        descriptor = os.open(os.path.expanduser(file or DEFAULT_FILE), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        if file is None:
            return _NO_FILE
        raise InvalidModelfile("specified Modelfile wasn't found") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InvalidModelfile("the Modelfile is not a regular file")
    with open(descriptor, "rb") as opened:
        return _bounded(opened.read(MAX_MODELFILE_BYTES + 1))


def _bounded(data: bytes) -> bytes:
    if len(data) > MAX_MODELFILE_BYTES:
        raise InvalidModelfile(f"the Modelfile is longer than {MAX_MODELFILE_BYTES >> 20} MiB")
    return data
