"""``power ls`` is ``power list``."""

from models_app.management.commands.list import Command

__all__ = ["Command"]
