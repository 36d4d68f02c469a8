"""``power rm`` is ``power delete``."""

from models_app.management.commands.delete import Command

__all__ = ["Command"]
