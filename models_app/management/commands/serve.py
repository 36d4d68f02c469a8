"""``serve``: the HTTP server, with the pool, both APIs and the admin."""

from __future__ import annotations

import socket
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from models_app.console.command import PowerCommand, UsageError
from power_site import conf


class Command(PowerCommand):
    help = "Start the HTTP server."
    told_settings = (
        "host", "port", "models_dir", "origins", "max_loaded_models", "num_parallel", "max_queue", "keep_alive",
        "context_length", "kv_cache_type", "flash_attention", "load_timeout", "debug",
    )  # fmt: skip

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", help="the address to listen on (setting: host)")
        parser.add_argument("--port", help="the port to listen on; 0 takes a free one (setting: port)")

    def run(self, **options: Any) -> None:
        try:
            config = conf.configure({"host": options["host"], "port": options["port"]})
        except conf.ConfigError as error:
            raise UsageError(str(error)) from error
        from power_site.server import bind, serve

        sockets = self._bound(bind, config)
        host, port = config.host, sockets[0].getsockname()[1]
        serve(config, sockets, lambda: self._announce(host, port))

    def _bound(self, bind: Any, config: conf.Config) -> list[socket.socket]:
        try:
            sockets: list[socket.socket] = bind(config.host, config.port)
        except OSError as error:
            raise CommandError(f"can't listen on {config.host}:{config.port}: {error.strerror}") from error
        return sockets

    def _announce(self, host: str, port: int) -> None:
        from power_site.gate.hosts import is_loopback

        base = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self.stdout.write(f"Power answers at {base}")
        self.stdout.write(f"  web admin        {base}/admin/")
        self.stdout.write(f"  Ollama clients   OLLAMA_HOST={base}")
        self.stdout.write(f"  OpenAI clients   base_url={base}/v1")
        if not is_loopback(host):
            warning = "Whoever reaches this address may use and delete models: it asks for no key."
            self.stderr.write(self.style.WARNING(warning))
        self.stdout.flush()
