"""Every connector of the settings inherits the contract, whole."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from integrations.base import AccountingSystem
from integrations.demo.connector import DemoBooks
from portal.connections.registry import accounting_systems
from tests.contract import BehaviourCases, HttpCases
from tests.contract.inherited import heirs, left_out, modules_with_cases
from tests.house.tree import ROOT, files, read

HOOKS = ("collect_ignore_glob", "pytest_collection_modifyitems", "pytest_ignore_collect", "pytest_runtest_setup")
SYSTEMS = sorted(accounting_systems().values(), key=lambda one: one.metadata.slug)


@pytest.fixture(scope="module")
def modules() -> list[ModuleType]:
    """Every module that names the contract."""
    return list(modules_with_cases(ROOT))


def required(connector: type[AccountingSystem]) -> list[type]:
    """What books inside our own transaction speaks no HTTP; everything else does."""
    return [BehaviourCases] if connector.can.transactional else [BehaviourCases, HttpCases]


@pytest.mark.parametrize("connector", SYSTEMS, ids=lambda one: one.metadata.slug)
def test_each_connector_inherits_the_contract_whole(
    modules: list[ModuleType], connector: type[AccountingSystem]
) -> None:
    for cases in required(connector):
        found = heirs(modules, cases, connector)
        assert found, f"no test class of {connector.__name__} inherits {cases.__name__}; see docs/add-a-connector.md"
        whole = [heir for heir in found if not left_out(heir, cases)]
        assert whole, {heir.__name__: left_out(heir, cases) for heir in found}


def test_no_conftest_leaves_them_out(modules: list[ModuleType]) -> None:
    names = {Path(module.__file__ or "").name for module in modules}
    # The one at the top is the whole suite's.
    below = [path for path in files("conftest.py", "tests") if len(path.parts) > 2]
    assert [f"{path}: {word}" for path in below for word in (*names, *HOOKS) if word in read(path)] == []


# --- the check can fail ----------------------------------------------------------------------------------------------


class Whole(BehaviourCases):
    """As it should be."""

    connector = DemoBooks


class Replacing(BehaviourCases):
    """A case that was in the way."""

    connector = DemoBooks

    def test_two_keys_make_two_documents(self) -> None:  # type: ignore[override]
        """Nothing."""


class Removing(BehaviourCases):
    """The same, shorter."""

    connector = DemoBooks
    test_two_keys_make_two_documents = None  # type: ignore[assignment]


@pytest.mark.skipif(False, reason="for this test")
class Skipping(BehaviourCases):
    """All of them."""

    connector = DemoBooks


@pytest.mark.xfail(reason="for this test")
class Failing(BehaviourCases):
    """Any of them."""

    connector = DemoBooks


@pytest.mark.parametrize(
    "heir,said",
    [
        (Whole, []),
        (Replacing, ["test_two_keys_make_two_documents is replaced"]),
        (Removing, ["test_two_keys_make_two_documents is replaced"]),
        (Skipping, ["Skipping is marked skipif"]),
        (Failing, ["Failing is marked xfail"]),
    ],
)
def test_a_case_that_is_left_out_is_found(heir: type, said: list[str]) -> None:
    assert left_out(heir, BehaviourCases) == said


def test_a_module_that_skips_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tests").mkdir()
    source = (
        "import pytest\nfrom tests.contract import BehaviourCases\nfrom integrations.demo.connector import DemoBooks\n"
        "class TestIt(BehaviourCases):\n    connector = DemoBooks\n"
        "def give_up():\n    pytest.skip('today')\n"
    )
    (tmp_path / "tests" / "test_that_skips.py").write_text(source)
    (tmp_path / "tests" / "test_another.py").write_text("import pytest\n")
    monkeypatch.setattr("tests.__path__", [str(tmp_path / "tests")])
    (module,) = modules_with_cases(tmp_path)
    (heir,) = heirs([module], BehaviourCases, DemoBooks)
    assert left_out(heir, BehaviourCases) == ["the module calls pytest.skip"]
    assert heirs([module], HttpCases, DemoBooks) == []
