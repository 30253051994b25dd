"""`manage.py bench_resume <connection id>`: let a paused connection go on, as staff do."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from portal.connections.models import Connection
from portal.connections.services import resume


class Command(BaseCommand):
    """Let it go on."""

    help = "Resume a connection."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which one."""
        parser.add_argument("connection")

    def handle(self, *, connection: str, **options: Any) -> None:
        """Tells nothing."""
        resume(Connection.objects.get(pk=connection), who="bench", why="The scenario goes on.")
