"""Django's secret key: the setting, or one made once and kept in the home, readable by its owner only."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from power_site.conf import Config, ConfigError

FILE_NAME = "secret_key"


def secret_key(config: Config) -> str:
    """Raises ConfigError where the home can't be written."""
    if config.secret_key:
        return config.secret_key
    try:
        return _kept(config.home / FILE_NAME)
    except OSError as error:
        raise ConfigError(f"home (from {FILE_NAME}): the folder can't be used: {error.strerror}") from error


def _kept(path: Path) -> str:
    with contextlib.suppress(FileNotFoundError):
        return path.read_text(encoding="ascii")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{FILE_NAME}.{os.getpid()}.{secrets.token_hex(4)}")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(64))
    try:
        # A link, unlike a rename, fails where another process was first: both then use its key.
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink()
    return path.read_text(encoding="ascii")
