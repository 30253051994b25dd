"""`manage.py serve`: the whole portal in one process."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.module_loading import import_string

from portal.celery import app as celery_app
from portal.operations.lock import AlreadyRunning
from portal.operations.serve import Embedded, let_go_of_leases, serve_lock, write_ready_file
from portal.operations.web import PortTaken

IN_PRODUCTION = """serve is for the embedded shape. In production each part is a process of its own (docs/operate.md):
  granian --interface wsgi portal.wsgi:application --workers 2 --blocking-threads 16 --respawn-failed-workers --no-ws
  celery -A portal worker
  celery -A portal beat"""


class Command(BaseCommand):
    """Serve web pages and webhooks, and post, until SIGTERM or Ctrl-C."""

    help = "Run the embedded shape: web server, worker, sweep and schedule in one process."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to listen, and where to say so."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
        parser.add_argument(
            "--port", type=int, help="port to listen on; 0 takes a free one (default: the port of BASE_URL)"
        )
        parser.add_argument("--ready-file", type=Path, help="write the address and the process id there once it runs")

    def handle(self, *, host: str, port: int | None, ready_file: Path | None, **options: Any) -> None:
        """Take the lock, judge, serve, stop."""
        if not settings.EMBEDDED:
            raise CommandError(IN_PRODUCTION)
        try:
            with serve_lock():
                code = self._serve(host, _port(port), ready_file)
        except (AlreadyRunning, PortTaken) as error:
            raise CommandError(str(error)) from error
        _leave(code)

    def _serve(self, host: str, port: int, ready_file: Path | None) -> int:
        # WhiteNoise serves static files from the applications in this shape; nobody collected them.
        warnings.filterwarnings("ignore", message="No directory at")
        self.check(databases=[DEFAULT_DB_ALIAS])
        _refuse_unmigrated()
        embedded = Embedded.build(import_string(settings.WSGI_APPLICATION), celery_app, host=host, port=port)
        if "BASE_URL" not in os.environ:
            settings.BASE_URL = embedded.web.url
        let_go_of_leases()
        connection.close()
        return embedded.run(lambda url: self._ready(url, ready_file))

    def _ready(self, url: str, ready_file: Path | None) -> None:
        self.stdout.write(f"Postroom runs at {url} (process {os.getpid()}). Ctrl-C ends it.")
        if ready_file:
            write_ready_file(ready_file, url)


def _port(asked: int | None) -> int:
    return asked if asked is not None else urlsplit(settings.BASE_URL).port or 8000


def _refuse_unmigrated() -> None:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise CommandError(f"The database lacks {len(missing)} migrations. Run: manage.py migrate")


def _leave(code: int) -> None:
    """End for good. A worker thread that still waits for a vendor would hold the process for up to a minute."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
