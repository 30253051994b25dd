"""Put each bug into a copy of the repository, run the engine's tests there, and expect them to fail.

    python -m tests.mutations [--model] [part of a bug's name ...]

`--model` asks the state machine alone. `POSTROOM_TEST_DATABASE` chooses the database, PostgreSQL by default: some bugs
are in statements that only it runs. The work tree is not touched.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.house.tree import LEFT_BEHIND, ROOT
from tests.mutations.bugs import BUGS, Change, DoesNotFit

MODEL = "tests/postings/test_model.py"
ENGINE = ("tests/postings", "tests/intake/test_receive.py", f"--ignore={MODEL}")
STOPS_AFTER = 3
ALL_PASSED, SOME_FAILED = 0, 1


class CannotTell(Exception):
    """The tests did not run as they should, so nothing is known about the bug."""


def main(arguments: list[str]) -> int:
    """Exit status: 0 when every chosen bug is caught."""
    tests = (MODEL,) if "--model" in arguments else ENGINE
    wanted = [argument for argument in arguments if argument != "--model"]
    chosen = {name: changes for name, changes in BUGS.items() if not wanted or any(part in name for part in wanted)}
    try:
        _must_pass_without_a_bug(tests)
        missed = [name for name, changes in chosen.items() if not _reported(name, changes, tests)]
    except (CannotTell, DoesNotFit) as error:
        print(error)
        return 2
    print(f"{len(chosen) - len(missed)} of {len(chosen)} bugs caught")
    return 1 if missed or not chosen else 0


def _must_pass_without_a_bug(tests: tuple[str, ...]) -> None:
    failed = caught_by((), tests)
    if failed:
        raise CannotTell("These fail without any bug, mend them first:\n" + "\n".join(failed))


def _reported(name: str, changes: tuple[Change, ...], tests: tuple[str, ...]) -> list[str]:
    began = time.monotonic()
    found = caught_by(changes, tests)
    print(f"{'caught' if found else 'MISSED'}  {name}  ({time.monotonic() - began:.0f} s)", flush=True)
    for test in found:
        print(f"        {test}", flush=True)
    return found


def caught_by(changes: tuple[Change, ...], tests: tuple[str, ...]) -> list[str]:
    """The first tests that fail in a copy of the repository with these changes. Raises `CannotTell`."""
    with _copy() as tree:
        for change in changes:
            change.apply(tree)
        command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-rf", f"--maxfail={STOPS_AFTER}", *tests]
        environment = {"POSTROOM_TEST_DATABASE": "postgres", **os.environ, "POSTROOM_MODEL": "unshrunk"}
        done = subprocess.run(command, cwd=tree, env=environment, check=False, capture_output=True, text=True)
    if done.returncode not in (ALL_PASSED, SOME_FAILED):
        raise CannotTell(done.stdout[-3000:] + done.stderr[-3000:])
    return re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.MULTILINE)


@contextmanager
def _copy() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="postroom-mutation-") as directory:
        tree = Path(directory) / "tree"
        shutil.copytree(ROOT, tree, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_BEHIND, ".git"))
        yield tree


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
