"""The command line's entry: ``power pull x`` is ``manage.py pull x``."""

from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "power_site.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
