"""The long run: `python -m tests.fuzz [--cases 5000] [--seed 7]`. It ends with 1 when anything was found."""

from __future__ import annotations

import argparse
import sys

from tests import environment, network

FEWEST_EXAMPLES = 25
PHASES = ("examples", "coverage", "fuzzing", "stateful")


def main() -> int:
    """Run in rounds with other seeds until there were as many requests as were asked for."""
    arguments = _arguments()
    network.install()
    environment.prepare()
    import django

    django.setup()
    from django.conf import settings
    from django.test.utils import get_runner, setup_test_environment

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    setup_test_environment()
    runner = get_runner(settings)(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        return _rounds(arguments.cases, arguments.seed)
    finally:
        runner.teardown_databases(databases)


def _rounds(cases: int, seed: int) -> int:
    from portal.api import rate
    from portal.connections import registry
    from tests.fuzz import campaign, world
    from tests.raising.fake_source import SLUG, FakeSource, Trays

    known = {**registry.sources(), SLUG: FakeSource()}
    registry.sources = lambda: known  # type: ignore[assignment]
    FakeSource.trays = Trays()
    rate.LIMIT = 10**9  # type: ignore[misc]
    made, total = world.make(), 0
    while total < cases:
        print(f"seed {seed} …", flush=True)
        outcome = campaign.run(campaign.configuration(made, examples=FEWEST_EXAMPLES, phases=PHASES, seed=seed))
        total, seed = total + outcome.cases, seed + 1
        print(f"{outcome.cases:,} requests, {total:,} in all; answers: {dict(sorted(outcome.statuses.items()))}")
        if outcome.problems:
            print(f"\n{len(outcome.problems)} problems:\n", *outcome.problems, sep="\n")
            return 1
    print(f"Nothing was found in {total:,} requests.")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=5_000, help="how many requests at least")
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
