"""The child process of a conversion (see ``inference.child``)."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from inference.child import child_begin, child_decline, child_tell
from models_app.errors import InvalidCreate
from models_app.safetensors.convert import adapter_convert, model_convert
from models_app.safetensors.folder import Folder
from models_app.safetensors.lora import BaseModel

CHILD = "models_app.safetensors.child"


class ConvertJob(Struct, frozen=True, kw_only=True):
    """``files`` are paths by relative names. With a ``base`` they are an adapter for it."""

    files: dict[str, str]
    destination: str
    base: BaseModel | None = None


def main() -> None:
    job = msgspec.json.decode(child_begin(), type=ConvertJob)
    folder = Folder({name: Path(path) for name, path in job.files.items()})
    destination = Path(job.destination)
    try:
        if job.base is None:
            model_convert(folder, destination, on_tensor=child_tell)
        else:
            adapter_convert(folder, job.base, destination, on_tensor=child_tell)
    except InvalidCreate as error:
        child_decline(str(error))
    except OSError as error:
        child_decline(f"the files can't be read, or the result not written: {error.strerror}")


if __name__ == "__main__":
    main()
