"""What is told of a linked company, and giving the access up."""

from __future__ import annotations

import pytest

from integrations.codat.linking import survey, unlink
from tests.integrations.codat.account import (
    COMPANY,
    COMPANY_INFO,
    CONNECTION,
    INFO,
    PLATFORM,
    QUEUE,
    READ_INFO,
    SHOW,
    STATUS,
    SURVEYED,
    TOLD,
    ago,
    asked,
    connection,
    data_status,
    features,
    integration,
    link,
    live,
    refused,
)
from tests.scripted import Answer, ScriptedServer, json_answer


def test_a_survey_tells_all_that_codat_has_read() -> None:
    row = integration(isOfflineConnector=True, datatypeFeatures=features(bills=("Post",)))
    script = (
        json_answer(connection()), json_answer(row), refused(403),
        data_status("company", "Complete", lastSuccessfulSync=ago(60)), json_answer(COMPANY_INFO),
    )  # fmt: skip
    with ScriptedServer(*script) as server:
        found = survey(link(server))

        assert asked(server) == [SHOW, PLATFORM, INFO, STATUS, READ_INFO]
    assert found == {
        **SURVEYED,
        "is_desktop": True,
        "features": {"bills": ["Post"]},
        "legal_name": "Toft Stores Limited",
        "registration": "1234567890",
        "ledger_lock_date": "2026-09-30",
    }


def test_a_lock_that_was_lifted_is_told_as_none_and_one_that_was_not_asked_for_stays() -> None:
    locked = {**SURVEYED, "ledger_lock_date": "2026-09-30"}
    greeting = json_answer(connection()), json_answer(integration()), live()
    read = data_status("company", "Complete", lastSuccessfulSync=ago(60))
    unlocked = json_answer({**COMPANY_INFO, "ledgerLockDate": None, "companyLegalName": None})
    with ScriptedServer(*greeting, read, unlocked) as server:
        lifted = survey(link(server, told=locked))
    with ScriptedServer(*greeting, data_status("company"), json_answer({"id": "1"})) as server:
        unread = survey(link(server, told=locked))

    ended = {"legal_name": "", "registration": "1234567890", "ledger_lock_date": ""}
    assert (lifted, unread) == ({**SURVEYED, **ended}, locked)


def test_information_that_is_old_is_told_and_had_read_anew() -> None:
    script = (
        json_answer(connection(integrationKey="hbql", platformName="Sage 50")), json_answer(integration(key="hbql")),
        data_status("company", "Complete", lastSuccessfulSync=ago(4000)), refused(404), json_answer(COMPANY_INFO),
    )  # fmt: skip
    with ScriptedServer(*script) as server:
        found = survey(link(server, told={**TOLD, "platform": "hbql"}))

        assert asked(server) == [SHOW, "GET /integrations/hbql", STATUS, QUEUE, READ_INFO]
    assert (found["platform"], found["company_name"]) == ("hbql", "Toft Stores Ltd")


@pytest.mark.parametrize(
    ("there", "told"),
    [("Unlinked", "Unlinked"), ("Deauthorized", "Deauthorised"), ("PendingAuth", "PendingAuth"), ("New", "New")],
)
def test_a_survey_of_what_is_not_linked_tells_the_status_and_forgets_nothing(there: str, told: str) -> None:
    with ScriptedServer(json_answer(connection(there))) as server:
        found = survey(link(server, told=SURVEYED))

    assert found == {**SURVEYED, "status": told}


def test_what_was_deleted_over_there_is_told_as_unlinked() -> None:
    with ScriptedServer(refused(404)) as server:
        found = survey(link(server, told=SURVEYED))

    assert found == {**SURVEYED, "status": "Unlinked"}


def test_a_currency_that_codat_does_not_know_is_none() -> None:
    script = (
        json_answer(connection()), json_answer(integration()), json_answer({"companyName": "", "baseCurrency": "XXX"}),
        data_status("company"), refused(409),
    )  # fmt: skip
    with ScriptedServer(*script) as server:
        found = survey(link(server, told={"company": COMPANY, "connection": CONNECTION}))

    assert found == {name: value for name, value in SURVEYED.items() if name not in ("company_name", "base_currency")}


@pytest.mark.parametrize(
    ("script", "requests"),
    [
        ([json_answer(connection()), json_answer(connection("Unlinked"))], [SHOW, SHOW.replace("GET", "PATCH")]),
        ([json_answer(connection("Deauthorized"))], [SHOW]),
        ([refused(404)], [SHOW]),
    ],
    ids=["linked", "over already", "gone"],
)
def test_access_is_given_up_once(script: list[Answer], requests: list[str]) -> None:
    with ScriptedServer(*script) as server:
        unlink(link(server))

        assert asked(server) == requests
        assert [one.json() for one in server.asked if one.method == "PATCH"] == [{"status": "Unlinked"}] * (
            len(requests) - 1
        )
