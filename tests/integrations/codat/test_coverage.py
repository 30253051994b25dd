"""What can be done on which platform, as Codat tells it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from integrations.codat.coverage import LOOKUP_SECONDS, MOST, Platform, abilities, features_of, platform, platforms
from integrations.documents import Kind
from integrations.errors import Missing, Retryable
from integrations.metadata import Abilities
from integrations.reference import RecordKind
from tests.integrations.codat.account import asked, client, features, integration, refused
from tests.scripted import ScriptedServer, json_answer

NOTHING: frozenset[Any] = frozenset()


def only(kinds: set[Kind], reads: set[RecordKind], attaches: set[Kind], *, tells: bool = False) -> Abilities:
    found = replace(MOST, kinds=frozenset(kinds), reads=frozenset(reads), attaches=frozenset(attaches))
    return replace(found, tells_settlements=tells)


def test_the_most_that_a_platform_can_do() -> None:
    most = Abilities(
        kinds=frozenset(Kind) - {Kind.RECEIPT},
        lookup=True,
        lookup_complete=False,
        quiet_seconds=600,
        awaits=True,
        repeats_errors=True,
        key_seconds=5400,
        reads=frozenset({RecordKind.SUPPLIER, RecordKind.ACCOUNT, RecordKind.TAX, RecordKind.DIMENSION}),
        attaches=frozenset({Kind.INVOICE}),
        tells_settlements=True,
    )

    assert most == MOST


def test_a_lookup_sees_what_was_written_before_the_quiet_began() -> None:
    assert MOST.quiet_seconds > LOOKUP_SECONDS


@pytest.mark.parametrize("told", [{}, {"features": {}}, {"features": None}, {"status": "PendingAuth"}])
def test_as_long_as_nothing_was_told_the_most_is_possible(told: dict[str, Any]) -> None:
    assert abilities(told) == MOST


@pytest.mark.parametrize(
    ("told", "can"),
    [
        (
            {"platform": "hbql", "features": {"bills": ["Get", "Post"], "billCreditNotes": ["Get", "Post"]}},
            only({Kind.INVOICE, Kind.CREDIT_NOTE}, set(), set()),
        ),
        (
            {"platform": "pqsw", "features": {"purchaseOrders": ["Post"], "bills": ["Get"], "suppliers": ["Get"]}},
            only({Kind.PURCHASE_ORDER}, {RecordKind.SUPPLIER}, set()),
        ),
        (
            {"platform": "hbql", "features": {"bills": ["Post", "GetAttachments", "UploadAttachment"]}},
            only({Kind.INVOICE}, set(), {Kind.INVOICE}),
        ),
        (
            {"platform": "hbql", "features": {"bills": ["Post", "UploadAttachment"]}},
            only({Kind.INVOICE}, set(), set()),
        ),
        (
            {"platform": "hbql", "features": {"bills": ["UploadAttachment", "GetAttachments"], "taxRates": ["Get"]}},
            only(set(), {RecordKind.TAX}, set()),
        ),
        (
            {"platform": "gbol", "features": {"chartOfAccounts": ["Get"], "trackingCategories": ["Get"]}},
            only({Kind.INVOICE}, {RecordKind.ACCOUNT, RecordKind.DIMENSION}, {Kind.INVOICE}),
        ),
        ({"platform": "wave", "features": {"invoices": ["Get"], "bills": "Post"}}, only(set(), set(), set())),
        (
            {"platform": "hbql", "features": {"invoices": ["Post"], "payments": ["Get", "Post"], "customers": ["Get"]}},
            only({Kind.SALES_INVOICE, Kind.PAYMENT, Kind.REFUND}, set(), set(), tells=True),
        ),
        (
            {"platform": "akxx", "features": {"creditNotes": ["Post"], "payments": ["Post"], "customers": ["Get"]}},
            only({Kind.INVOICE, Kind.SALES_CREDIT_NOTE, Kind.PAYMENT}, set(), {Kind.INVOICE}),
        ),
        ({"platform": "hbql", "features": {"invoices": ["Post"], "payments": ["Post"]}}, only(set(), set(), set())),
    ],
    ids=[
        "desktop",
        "orders",
        "files",
        "files unseen",
        "no bills",
        "synchronous",
        "nothing of ours",
        "sales",
        "no refunds",
        "no customers",
    ],
)
def test_a_connection_can_do_what_its_platform_was_told_to(told: dict[str, Any], can: Abilities) -> None:
    assert abilities(told) == can


def test_features_are_read_in_both_spellings_and_any_letter_case() -> None:
    rows = [
        {"datatype": "bills", "supportedFeatures": [{"featureType": "post", "featureState": "release"}]},
        {"dataType": "suppliers", "supportedFeatures": [{"featureType": "GET", "featureState": "Beta"}]},
    ]

    assert features_of({"datatypeFeatures": rows}) == {"bills": ["Post"], "suppliers": ["Get"]}


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("Release", {"bills": ["Get"]}),
        ("Alpha", {"bills": ["Get"]}),
        ("Beta", {"bills": ["Get"]}),
        ("Deprecated", {"bills": ["Get"]}),
        ("NotSupported", {}),
        ("NotImplemented", {}),
        ("Retired", {}),
        (None, {}),
    ],
)
def test_a_feature_counts_in_the_states_in_which_it_works(state: str | None, found: dict[str, Any]) -> None:
    row = {"dataType": "bills", "supportedFeatures": [{"featureType": "Get", "featureState": state}]}

    assert features_of({"datatypeFeatures": [row]}) == found


@pytest.mark.parametrize("rows", [None, {}, [None], [{"dataType": 5}], [{"dataType": "bills", "supportedFeatures": 1}]])
def test_features_of_another_shape_are_none(rows: Any) -> None:
    assert features_of({"datatypeFeatures": rows}) == {}


def test_a_feature_that_is_told_twice_or_is_not_known_counts_once_or_not() -> None:
    assert features_of({"datatypeFeatures": features(bills=("Post", "Get", "Get", "Levitate"))}) == {
        "bills": ["Get", "Post"]
    }


def test_the_platforms_are_listed_by_name_with_those_that_are_switched_off() -> None:
    rows = [
        integration(),
        integration(
            key="hbql", name="Sage 50 (UK)", enabled=False, isOfflineConnector=True, isBeta=True,
            logoUrl="javascript:alert(1)", datatypeFeatures=features(),
        ),
        integration(key="dfxm", name="Basiq", sourceType="Banking"),
        integration(key="aaaa", name="Another", sourceType="8193a927-ab7a-45a3-9dc2-d357a4932dfe", logoUrl=None),
        integration(key=None, name="Nameless"),
    ]  # fmt: skip
    with ScriptedServer(json_answer({"results": rows, "totalResults": 5})) as server:
        found = platforms(client(server))

        assert asked(server) == ["GET /integrations?pageSize=500&query=sourceType%3DAccounting&page=1"]
    able = {"bills": ["Get", "Post"], "suppliers": ["Get"]}
    assert found == (
        Platform(key="aaaa", name="Another", is_enabled=True, features=able),
        Platform(key="hbql", name="Sage 50 (UK)", is_desktop=True, is_beta=True),
        Platform(
            key="gbol",
            name="Xero",
            logo_url="https://static.codat.io/public/officialLogos/Full/gbol.png",
            is_enabled=True,
            features=able,
        ),
    )


def test_one_platform_is_told_by_its_key() -> None:
    with ScriptedServer(json_answer(integration(key=None))) as server:
        found = platform(client(server), "gbol")

        assert asked(server) == ["GET /integrations/gbol"]
    assert (found.key, found.name, found.is_enabled) == ("gbol", "Xero", True)


def test_a_platform_that_there_is_not_and_an_answer_that_is_none() -> None:
    with ScriptedServer(refused(404)) as server, pytest.raises(Missing):
        platform(client(server), "none")
    with ScriptedServer(json_answer([])) as server, pytest.raises(Retryable):
        platform(client(server), "gbol")
