"""Run a fault campaign: `python -m tests.chaos [--seed 7] [--documents 800] [--preset chaos]`."""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.campaign import Order, Outcome, run
from tests.chaos.inside.mutants import MUTANTS, NO_QUIET_PERIOD
from tests.chaos.pace import DEMO
from tests.chaos.presets import PRESETS
from tests.chaos.report import story
from tests.chaos.systems import SYSTEMS

DOCUMENTS = 800


def main() -> int:
    """0 when every promise was kept. On a failure the logs stay, and the seed and the timeline are printed."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(10**6)
    directory = arguments.directory or Path(tempfile.mkdtemp(prefix="postroom-chaos-"))
    directory.mkdir(parents=True, exist_ok=True)
    order = Order(seed, arguments.documents, arguments.preset, arguments.mutant, arguments.system)
    print(f"{order}\nlogs in {directory}", flush=True)
    began = time.monotonic()

    def say(what: str) -> None:
        if arguments.verbose:
            print(f"{time.monotonic() - began:7.2f} {what}", flush=True)

    return _tell(run(order, directory, say))


def _tell(outcome: Outcome) -> int:
    print(json.dumps(outcome.figures, indent=2))
    if not outcome.problems:
        print(f"Every promise was kept (seed {outcome.order.seed}).")
        return 0
    print(story(outcome))
    return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="the same seed draws the same documents, faults and timetable")
    parser.add_argument("--documents", type=int, default=DOCUMENTS, help=f"how many (default {DOCUMENTS})")
    parser.add_argument("--directory", type=Path, help="an empty directory for logs; else a temporary one")
    parser.add_argument("--preset", choices=PRESETS, default="chaos", help="what goes wrong at the accounting system")
    parser.add_argument("--system", choices=SYSTEMS, default=DEMO, help="the accounting system (default demo)")
    parser.add_argument("--mutant", choices=MUTANTS, default="", help="put this bug in: the run must fail")
    parser.add_argument("--verbose", action="store_true", help="say what is done to the servers")
    arguments = parser.parse_args()
    if arguments.mutant == NO_QUIET_PERIOD and not SYSTEMS[arguments.system].proves_absence:
        parser.error(
            f"In {arguments.system} {arguments.mutant} changes nothing that could be seen. Choose another one."
        )
    return arguments


if __name__ == "__main__":
    sys.exit(main())
