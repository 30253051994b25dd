"""The lock: every package pinned with hashes, no address inside, and the same versions for running and for testing."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest

from tests.house.tree import read

PIN = re.compile(r"^([a-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)(?: ; ([^\\]+?))? \\$", re.MULTILINE)
LOCKS = ["requirements.txt", "requirements-dev.txt"]


def _project() -> dict[str, Any]:
    return tomllib.loads(read("pyproject.toml"))


def _pins(lock: str) -> dict[str, str]:
    return {name: version for name, version, _ in PIN.findall(read(lock))}


def _direct() -> list[str]:
    project = _project()
    return [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=!~ ;]", requirement, maxsplit=1)[0].lower().replace("_", "-")


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address(lock: str) -> None:
    assert [line for line in read(lock).splitlines() if "://" in line or "index-url" in line] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_of_a_lock_has_hashes(lock: str) -> None:
    blocks = re.split(r"^(?=[a-z0-9])", read(lock), flags=re.MULTILINE)
    pinned = [block for block in blocks if "==" in block]
    assert len(pinned) >= 50
    assert [block.splitlines()[0] for block in pinned if "--hash=sha256:" not in block] == []


def test_tests_run_on_the_versions_that_production_runs_on() -> None:
    running, testing = _pins("requirements.txt"), _pins("requirements-dev.txt")
    assert {name: version for name, version in running.items() if testing.get(name) != version} == {}


def test_every_direct_dependency_is_locked_once() -> None:
    """A lock that gives another version per Python would mean that nobody tests what others run."""
    names = [name for name, _, _ in PIN.findall(read("requirements-dev.txt"))]
    assert {_name(entry): names.count(_name(entry)) for entry in _direct() if names.count(_name(entry)) != 1} == {}


def test_every_direct_dependency_has_an_upper_bound() -> None:
    unbounded = {_name(entry) for entry in _direct() if "<" not in entry}
    assert unbounded <= {"tzdata", "types-pyyaml"}
