"""The two commands of the README hand their options on, and `make` alone says what there is."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.house.tree import ROOT

NOT_SLOW = "not e2e and not tryton_live and not odoo_live"


def _make(*arguments: str) -> str:
    """What make says; the tests may run under a make of their own, which leaves its flags in the environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "--no-print-directory", *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, env=environment)
    return " ".join(done.stdout.replace("\\\n", " ").split())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], "manage.py demo"),
        (["ONCE=1"], "manage.py demo --once"),
        (["ONCE=0"], "manage.py demo"),
        (["JSON=demo.json", "PORT=8123"], 'manage.py demo --json "demo.json" --port 8123'),
        (["FAULTS=1"], "manage.py demo --faults"),
        (["SYSTEM=tryton", "ONCE=1"], "-m tests.live.demo tryton --once"),
    ],
)
def test_demo_hands_its_options_on(given: list[str], expected: str) -> None:
    assert _make("-n", "demo", *given).endswith(f"exec .venv/bin/python {expected}")


def test_test_runs_everything_on_sqlite_and_the_engine_on_postgresql() -> None:
    said = _make("-n", "test")
    assert f'POSTROOM_TEST_DATABASE=sqlite .venv/bin/python -m pytest -n 2 -m "{NOT_SLOW}"' in said
    assert (f'POSTROOM_TEST_DATABASE=postgres .venv/bin/python -m pytest -n 2 -m "engine and {NOT_SLOW}"') in said


@pytest.mark.parametrize("target", ["demo", "test", "e2e", "lint", "format", "bench", "lock", "migrations", "clean"])
def test_help_names_every_target(target: str) -> None:
    assert f"make {target} " in _make()
