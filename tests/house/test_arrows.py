"""import-linter's contracts forget no room and no package."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from tests.house.tree import ROOT, files, read


def _contract(name: str) -> dict[str, Any]:
    contracts = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    return next(contract for contract in contracts if contract["id"] == name)


def _rooms() -> set[str]:
    return {f"portal.{path.parent.name}" for path in files("__init__.py", "portal") if len(path.parts) == 3}


def test_every_room_has_its_place_in_the_order() -> None:
    placed = set(re.findall(r"portal\.\w+", " ".join(_contract("rooms")["layers"])))
    assert _rooms() - placed == set()


def test_every_room_is_held_to_the_order_inside_a_room() -> None:
    with_models = {f"portal.{path.parts[1]}" for path in files("models.py", "portal")} | {"ledger"}
    assert with_models - set(_contract("inside-a-room")["containers"]) == set()


def test_every_package_is_checked() -> None:
    packages = {path.name for path in Path(ROOT).iterdir() if (path / "__init__.py").exists()} - {"tests"}
    assert packages == set(tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["root_packages"])
