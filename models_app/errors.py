"""Everything the catalog can refuse or fail with. No class here knows of HTTP: each wire has its own table of statuses.

    CatalogError
    ├── InvalidModelName         the text breaks Ollama's grammar of names
    ├── InvalidDigest            not sha256:<64 lower-case hex digits>
    ├── InvalidManifest          the bytes are not a v2 manifest within our bounds
    ├── InvalidGGUF              the file breaks the format, or goes beyond our bounds
    ├── InvalidModelfile         the text breaks the grammar of Modelfiles
    ├── InvalidCreate            nothing can be created from what was given
    │   └── UnsupportedModel     a safetensors model that can't be converted
    ├── CreateFailed             the work of a create failed (a conversion, a quantization)
    ├── ModelNotFound            the catalog has no such name
    ├── BlobNotFound             the store has no such blob
    ├── BlobDamaged              the blob's file is not what its digest says
    ├── BlobInUse                a model needs the blob that was to go
    ├── UploadMismatch           the bytes that a client sent have another digest than it named
    ├── SourceError              where a pull reads from failed, or can't be read from
    │   ├── SourceNotFound       no source knows this model
    │   ├── PackageNotInstalled  the model comes with a Python package that is not here
    │   ├── InvalidSource        the URL or file can't be a source
    │   ├── SourceUnavailable    the connection or the far server failed, and trying again may help
    │   ├── ForbiddenHost        the address is private and no setting allows it
    │   └── DigestMismatch       the bytes are not those that were promised
    ├── DestinationNotSupported  there is no transport to the registry that a push names
    ├── NotEnoughSpace           the disk can't take it
    ├── StoreBusy                another process holds what is needed
    └── TransferCancelled        the caller gave up

A message is one sentence for the caller and never holds a path, a secret or a traceback.
"""

from __future__ import annotations


class CatalogError(Exception):
    """Base of all of them. ``str(error)`` is safe to send to a client."""


class InvalidModelName(CatalogError):
    """``name`` is what the caller wrote, cut to 400 characters."""

    def __init__(self, name: str, message: str = "invalid model name") -> None:
        super().__init__(message)
        self.name = name[:400]


class InvalidDigest(CatalogError):
    def __init__(self) -> None:
        super().__init__("invalid digest format")


class InvalidManifest(CatalogError):
    def __init__(self, reason: str) -> None:
        super().__init__(f"invalid manifest: {reason}")


class InvalidGGUF(CatalogError):
    def __init__(self, reason: str) -> None:
        super().__init__(f"invalid GGUF file: {reason}")
        self.reason = reason


class InvalidModelfile(CatalogError):
    """``str(error)`` has the line where it can be told, as Ollama's parser says it."""


class InvalidCreate(CatalogError):
    pass


class UnsupportedModel(InvalidCreate):
    pass


class CreateFailed(CatalogError):
    pass


class ModelNotFound(CatalogError):
    """``name`` is what the caller asked for, as written."""

    def __init__(self, name: str) -> None:
        super().__init__(f"model '{name}' not found")
        self.name = name


class BlobNotFound(CatalogError):
    def __init__(self, digest: object) -> None:
        super().__init__(f'blob "{digest}" not found')
        self.digest = str(digest)


class BlobDamaged(CatalogError):
    def __init__(self, digest: object, reason: str) -> None:
        super().__init__(f"blob {digest} is damaged: {reason}; delete and pull the model again")
        self.digest = str(digest)


class BlobInUse(CatalogError):
    """``names`` are the models that need it."""

    def __init__(self, digest: object, names: list[str]) -> None:
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        user = f"model '{names[0]}'{others}" if names else "a manifest"
        super().__init__(f'blob "{digest}" is in use by {user}')
        self.digest = str(digest)
        self.names = names


class UploadMismatch(CatalogError):
    def __init__(self, *, want: object, got: object) -> None:
        super().__init__(f'digest mismatch, expected "{want}", got "{got}"')


class SourceError(CatalogError):
    pass


class SourceNotFound(SourceError):
    """``name`` is what was to be pulled. The message is Ollama's, which scripts look for."""

    def __init__(self, name: str, message: str | None = None) -> None:
        super().__init__(message or "pull model manifest: file does not exist")
        self.name = name


class PackageNotInstalled(SourceError):
    def __init__(self, *, name: str, package: str, hint: str) -> None:
        super().__init__(f"model '{name}' comes with the Python package {package}, which is not installed; {hint}")
        self.package = package


class InvalidSource(SourceError):
    pass


class SourceUnavailable(SourceError):
    pass


class ForbiddenHost(SourceError):
    def __init__(self, host: str) -> None:
        super().__init__(
            f"host {host!r} has a private address; the setting allow_private_hosts has to name it before it is read"
        )
        self.host = host


class DigestMismatch(SourceError):
    """The bytes hash to ``got``; whoever named ``want`` is shown as ``origin``."""

    def __init__(self, *, want: object, got: object, origin: str = "") -> None:
        where = f" from {origin}" if origin else ""
        super().__init__(f"digest mismatch, file must be downloaded again{where}: want {want}, got {got}")
        self.want = str(want)
        self.got = str(got)


class DestinationNotSupported(CatalogError):
    def __init__(self, host: str) -> None:
        super().__init__(f"pushing to {host!r} is not supported by this server yet")
        self.host = host


class NotEnoughSpace(CatalogError):
    def __init__(self, *, required_bytes: int, available_bytes: int) -> None:
        super().__init__(
            f"not enough space: {required_bytes / 2**20:.1f} MiB are needed, {available_bytes / 2**20:.1f} MiB are free"
        )
        self.required_bytes = required_bytes
        self.available_bytes = available_bytes


class StoreBusy(CatalogError):
    pass


class TransferCancelled(CatalogError):
    def __init__(self) -> None:
        super().__init__("pull canceled")
