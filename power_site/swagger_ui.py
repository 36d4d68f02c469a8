"""Where the files of ``/docs`` are: the server's OpenAPI document in Swagger UI, offline.

Swagger UI comes from the package drf-spectacular-sidecar, of which nothing else is used: it is no installed app.
The page holds no script of its own, so that its policy needs no exception for scripts.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

# Swagger UI's icons are data: images in its style sheet.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_OURS = Path(__file__).parent / "static"
_PACKAGE = "drf_spectacular_sidecar"


def static_folders() -> list[Path | tuple[str, Path]]:
    """For ``STATICFILES_DIRS``: our own files, and Swagger UI's below ``swagger-ui/``."""
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        return [_OURS]
    return [_OURS, ("swagger-ui", Path(spec.origin).parent / "static" / _PACKAGE / "swagger-ui-dist")]
