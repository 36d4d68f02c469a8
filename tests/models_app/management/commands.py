"""Power's commands in a process of their own, as a person types them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def environment(home: Path, **settings: object) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV") if name in os.environ}
    own = {f"A3S_POWER_{name.upper()}": str(value) for name, value in settings.items()}
    return inherited | own | {"A3S_POWER_HOME": str(home)}


def power(
    home: Path, *arguments: str, stdin: str | None = None, timeout_seconds: float = 60, **settings: object
) -> subprocess.CompletedProcess[str]:
    """``settings`` are Power's, for this one command. Without ``stdin`` there is none."""
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        env=environment(home, **settings),
        cwd=ROOT,
        input=stdin or "",
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
    )
