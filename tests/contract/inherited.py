"""Whether a connector's tests inherit the contract whole: every case, none replaced, none skipped."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from integrations.base import AccountingSystem

LEAVES_OUT: Final = frozenset({"skip", "skipif", "xfail"})
CALLS: Final = frozenset({"pytest.skip", "pytest.xfail", "pytest.importorskip", "self.skipTest"})
CASES: Final = frozenset({"BehaviourCases", "HttpCases"})


def modules_with_cases(root: Path) -> Iterator[ModuleType]:
    """The test modules below `root/tests` that name one of the classes of cases as a base class."""
    for path in sorted((root / "tests").rglob("test_*.py")):
        if CASES & set(_bases(ast.parse(path.read_text(encoding="utf-8")))):
            yield importlib.import_module(".".join(path.relative_to(root).with_suffix("").parts))


def heirs(modules: Iterable[ModuleType], cases: type, connector: type[AccountingSystem]) -> list[type]:
    """The classes that pytest collects, inherit `cases` and are for `connector`."""
    return [
        one
        for module in modules
        for name, one in vars(module).items()
        if name.startswith("Test") and isinstance(one, type) and issubclass(one, cases)
        if getattr(one, "connector", None) is connector and getattr(one, "__test__", True)
    ]


def left_out(heir: type, cases: type) -> list[str]:
    """What keeps a class from running every case of `cases` as it stands; empty is what it has to be."""
    module = importlib.import_module(heir.__module__)
    found = [f"{where} is marked {mark}" for where, mark in _marks(module, heir, cases) if mark in LEAVES_OUT]
    found += [f"{name} is replaced" for name in sorted(_names(cases)) if _is_replaced(heir, cases, name)]
    return found + [f"the module calls {call}" for call in _calls(module)]


def _names(cases: type) -> set[str]:
    return {name for name in dir(cases) if name.startswith("test_")}


def _is_replaced(heir: type, cases: type, name: str) -> bool:
    return getattr(heir, name, None) is not getattr(cases, name)


def _marks(module: ModuleType, heir: type, cases: type) -> Iterator[tuple[str, str]]:
    """Every mark that a case would run under, with where it stands."""
    places: dict[str, Any] = {module.__name__: module, heir.__name__: heir}
    places |= {name: getattr(heir, name) for name in _names(cases)}
    for where, place in places.items():
        marks = getattr(place, "pytestmark", ())
        for mark in marks if isinstance(marks, list | tuple) else (marks,):
            yield where, mark.name


def _calls(module: ModuleType) -> Iterator[str]:
    """`pytest.skip`, `pytest.xfail` and `pytest.importorskip`, wherever in the module."""
    tree = ast.parse(Path(module.__file__ or "").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (call := ast.unparse(node)) in CALLS:
            yield call


def _bases(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for base in node.bases:
                yield base.attr if isinstance(base, ast.Attribute) else base.id if isinstance(base, ast.Name) else ""
