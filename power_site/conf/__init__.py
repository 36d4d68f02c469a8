"""Power's settings. The only reader of the environment and of ``config.toml``.

``config()`` is the process's one frozen Config; ``resolved()`` says where each value came from.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from power_site.conf.resolve import ConfigError, Resolved, build, resolve
from power_site.conf.table import Config, GPUConfig, Setting, settings

__all__ = ["Config", "ConfigError", "GPUConfig", "Resolved", "Setting", "config", "configure", "resolved", "settings"]

_resolved: dict[str, Resolved] | None = None
_config: Config | None = None


def config() -> Config:
    """The settings in force, resolved at the first call. Raises ConfigError. Any thread."""
    return _config if _config is not None else configure({})


def resolved() -> dict[str, Resolved]:
    """Each setting by its dotted name, with its source."""
    config()
    assert _resolved is not None
    return _resolved


def configure(command_line: Mapping[str, object]) -> Config:
    """Resolve again, with what the command line said; called once, before anything runs. None values are not given."""
    global _resolved, _config
    _resolved = resolve(os.environ, command_line)
    _config = build(_resolved)
    return _config
