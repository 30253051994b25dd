"""What may not stand in the repository: names that say nothing, hosts of registries, half-done code."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.house.tree import LEFT_BEHIND, ROOT, files, read

SAYS_NOTHING = {"utils.py", "util.py", "helpers.py", "helper.py", "common.py", "manager.py", "managers.py", "misc.py"}
# In two halves, since this file is searched as well.
REGISTRIES = [
    left + right
    for left, right in (
        ("pypi", ".org"),
        ("python", "hosted.org"),
        ("registry.npm", "js.org"),
        ("proxy.golang", ".org"),
        ("conda.ana", "conda.org"),
    )
]
TEXT = {".css", ".html", ".js", ".json", ".md", ".py", ".svg", ".toml", ".txt", ".yml", ".yaml", ".in", ""}
PRODUCT = ("integrations", "ledger", "portal")


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [str(path) for path in files(".py") if path.name in SAYS_NOTHING] == []


def test_no_file_names_a_package_registry() -> None:
    found = [f"{path}: {host}" for path in files() if path.suffix in TEXT for host in REGISTRIES if host in read(path)]
    assert found == []


@pytest.mark.parametrize(
    "unfinished",
    [
        r"NotImplementedError",
        r"^\s*except\s*:",
        r"\bfrom django\.db import .*\btransaction\b",
        r"\bpdb\b|\bbreakpoint\(",
    ],
)
def test_the_product_holds_no_half_done_or_forbidden_code(unfinished: str) -> None:
    pattern = re.compile(unfinished, re.MULTILINE)
    assert [str(path) for room in PRODUCT for path in files(".py", room) if pattern.search(read(path))] == []


def test_no_test_is_skipped_without_a_reason() -> None:
    bare = re.compile(r"@pytest\.mark\.(skip\b(?!\(reason=)|skipif\((?![^@]*reason=)|xfail\b(?!\([^@]*reason=))")
    assert [
        str(path) for path in files(".py", "tests") if path.name != "test_tree.py" and bare.search(read(path))
    ] == []


def test_what_running_leaves_behind_is_ignored_by_git() -> None:
    ignored = {line.strip().rstrip("/") for line in read(".gitignore").splitlines()}
    assert {*LEFT_BEHIND, ".env", "secrets", "uv.lock", "pylock*.toml"} - ignored == {"__pycache__"} - ignored


def test_scripts_can_be_run() -> None:
    assert (ROOT / ".ci/run").stat().st_mode & 0o111 == 0o111
    assert subprocess.run(["bash", "-n", ".ci/run"], cwd=ROOT, check=False).returncode == 0
