"""One more accounting system in the demo: read from a file, linked to a company of its own, paused while it is away."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portal.connections.models import Connection, Side
from portal.operations.demo.children import DemoFailed
from portal.operations.demo.copies import Copies
from portal.operations.demo.elsewhere import Elsewhere, read
from portal.operations.demo.seed import DemoSource, DemoSystem, seed

SYSTEM = DemoSystem("http://127.0.0.1:8001/demo", "token-of-the-demo-system")
SOURCE = DemoSource("http://127.0.0.1:8001/icompleat", "key-of-the-demo-tenant")
TOLD: dict[str, Any] = {
    "slug": "demo",
    "settings": {"base_url": "http://127.0.0.1:9000", "company_id": "mill-lane"},
    "secrets": {"token": "the-other-token"},
    "account_code": "7504",
    "tax_code": "T1",
    "web": "http://127.0.0.1:9000/",
}


def written(directory: Path, **members: Any) -> Path:
    file = directory / "accounting.json"
    file.write_text(json.dumps({**TOLD, **members}))
    return file


def linked() -> Connection:
    return Connection.objects.get(company__name="Mill Lane Printing Ltd in Demo Books", side=Side.ACCOUNTING)


def test_a_file_says_where_it_is(tmp_path: Path) -> None:
    assert read(written(tmp_path)) == Elsewhere(**TOLD)
    assert read(written(tmp_path)).name == "Demo Books"


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"slug": "nobody"}, "names nobody, which is no accounting system that is installed"),
        ({"settings": "none"}, "needs settings, an object"),
        ({"tax_code": None}, "needs tax_code, a text"),
    ],
)
def test_what_is_wrong_in_it_is_named(tmp_path: Path, members: dict[str, Any], why: str) -> None:
    with pytest.raises(DemoFailed, match=why):
        read(written(tmp_path, **members))


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(DemoFailed, match="cannot be read as JSON"):
        read(tmp_path / "missing.json")
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(DemoFailed, match="must hold a JSON object"):
        read(tmp_path / "list.json")


@pytest.mark.django_db
@pytest.mark.engine
def test_it_has_a_company_of_its_own_which_rests_while_it_is_away(tmp_path: Path) -> None:
    copies, elsewhere = Copies(tmp_path), read(written(tmp_path))
    seeded = seed(copies, SYSTEM, SOURCE, [elsewhere])
    assert [one.accounting for one in seeded.companies] == ["ledger", "demo", "demo"]
    assert linked().secrets == {"token": "the-other-token"}
    assert linked().mapping["account"]["default"] == "7504"
    assert not linked().paused
    assert len(seed(copies, SYSTEM, SOURCE).companies) == 2
    assert linked().paused
    moved = replace(elsewhere, settings={**elsewhere.settings, "base_url": "http://127.0.0.1:9001"})
    again = seed(copies, SYSTEM, SOURCE, [moved])
    assert again.companies[2].icompleat_company_id == seeded.companies[2].icompleat_company_id
    assert not linked().paused
    assert linked().settings["base_url"] == "http://127.0.0.1:9001"
