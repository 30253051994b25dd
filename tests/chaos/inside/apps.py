"""What happens inside the portal's processes during a run: a faster clock, crash points, threads that are held up."""

from __future__ import annotations

import os

from django.apps import AppConfig


class InsideConfig(AppConfig):
    name = "tests.chaos.inside"
    label = "chaos"

    def ready(self) -> None:
        """Speed up what could not be before the models were there; then, in the server processes, lay the mines."""
        from tests.chaos.inside import faster, mines, mutants, ticking

        faster.hurry()
        if os.environ.get(ticking.VARIABLE):
            ticking.register_job(os.environ[ticking.VARIABLE])
        if os.environ.get(mutants.VARIABLE):
            mutants.breed(os.environ[mutants.VARIABLE])
        if os.environ.get(mines.VARIABLE):
            mines.lay(os.environ[mines.VARIABLE])
