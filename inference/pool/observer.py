"""What the pool tells the one who counts. Names and numbers only, never content; the event loop's thread."""

from __future__ import annotations

from inference.events import Finished, Started


class PoolObserver:
    """Derive and override what you need; a method does nothing here. None may block or raise. ``name``: the model's."""

    def model_loading(self, name: str) -> None:
        pass

    def model_loaded(self, name: str, seconds: float) -> None:
        pass

    def load_failed(self, name: str, error: str) -> None:
        """``error`` is the name of a class in ``inference.errors``."""

    def model_evicted(self, name: str, reason: str) -> None:
        """``reason``: expired, unloaded, place, memory, reload or shutdown."""

    def worker_exited(self, name: str, reason: str) -> None:
        """``reason``: stopped, hang, load_timeout, a signal's name, ``status N`` ..."""

    def generation_started(self, name: str, started: Started) -> None:
        pass

    def generation_finished(self, name: str, finished: Finished) -> None:
        pass

    def generation_failed(self, name: str, error: str) -> None:
        """It had started. ``error`` is the name of a class; ``RequestCancelled`` when the caller left."""

    def request_refused(self, name: str, error: str) -> None:
        """It never started: busy, shutting down, not loadable, invalid."""
