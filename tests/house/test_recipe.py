"""docs/add-a-connector.md: every file, name and option that it mentions exists."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.house.tree import ROOT, files, read

PAGE = "docs/add-a-connector.md"
# What the reader makes, or what belongs to Python, HTTP or a shell.
THE_READERS_OWN = {
    "acme",
    "Client",
    "test_mapping",
    "Test",
    "VARIABLE",
    "KeyError",
    "NAME",
    "file",
    "POST",
    "__init__.py",
}
CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"(?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:py|md)")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
WORDS_OF_VALUES = re.compile(r'"[^"]*"|=\S+')


def pieces() -> Iterator[str]:
    """Everything that is set as code within the text, without what stands for the reader's own slug."""
    text = re.sub(r"```.*?```", "", read(PAGE), flags=re.DOTALL)
    yield from (piece for piece in CODE.findall(text) if "<" not in piece)


def blocks() -> str:
    """The commands."""
    return "\n".join(re.findall(r"```\n(.*?)```", read(PAGE), flags=re.DOTALL))


def mentioned_paths() -> set[str]:
    return {found for piece in pieces() for found in PATH.findall(piece) if "/" in found}


def mentioned_names() -> set[str]:
    """Identifiers within code that is no path and no command."""
    plain = (piece for piece in pieces() if "/" not in piece and " " not in piece.strip() and "--" not in piece)
    return {name for piece in plain for name in NAME.findall(WORDS_OF_VALUES.sub("", piece))} - THE_READERS_OWN


def sources() -> str:
    """What a connector is made of, and what its tests and its registration are made of."""
    kept = [path for room in ("integrations", "tests/contract", "portal") for path in files(".py", room)]
    return "\n".join(read(path) for path in kept)


def test_the_page_is_read_as_meant() -> None:
    assert {"integrations/demo/", "integrations/base.py", "tests/contract/conversation.py"} <= mentioned_paths()
    assert {
        "AccountingSystem",
        "Abilities",
        "quiet_seconds",
        "sentence",
        "HttpCases",
        "forget_keys",
    } <= mentioned_names()
    assert {"--faults", "--seed", "--connection", "--account-code"} <= set(OPTION.findall(blocks()))


@pytest.mark.parametrize("path", sorted(mentioned_paths()))
def test_every_file_of_the_recipe_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_name_of_the_recipe_exists() -> None:
    known = set(NAME.findall(sources()))
    assert mentioned_names() - known == set()


def test_every_option_of_the_recipe_exists() -> None:
    commands = read("integrations/__main__.py") + read("portal/operations/management/commands/conformance.py")
    asked = set(OPTION.findall(read(PAGE)))
    assert {option for option in asked if f'"{option}"' not in commands} == set()


def test_the_steps_are_numbered_without_a_gap() -> None:
    numbers = [int(number) for number in re.findall(r"^## (\d+)\. ", read(PAGE), re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 10
