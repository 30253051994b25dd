"""Codat's words for statuses: ours for theirs, and what a set of data says to people."""

from __future__ import annotations

import pytest

from integrations.codat.statuses import Phase, about, data_name, data_word, is_linked, ours, theirs, theirs_spelt

DATASET_STATUSES = [
    "Initial",
    "Queued",
    "Fetching",
    "MapQueued",
    "Mapping",
    "Complete",
    "FetchError",
    "MapError",
    "InternalError",
    "ProcessingQueued",
    "Processing",
    "ProcessingError",
    "ValidationQueued",
    "Validating",
    "ValidationError",
    "AuthError",
    "Cancelled",
    "NotSupported",
    "RateLimitError",
    "PermissionsError",
    "PrerequisiteNotMet",
]


@pytest.mark.parametrize(
    ("there", "here"),
    [
        ("PendingAuth", "pending_auth"),
        ("Linked", "linked"),
        ("Unlinked", "unlinked"),
        ("Deauthorized", "deauthorised"),
    ],
)
def test_each_status_of_a_connection_has_one_of_ours_and_leads_back(there: str, here: str) -> None:
    assert (ours(there), theirs(here)) == (here, there)


@pytest.mark.parametrize("spelt", ["Deauthorised", "DEAUTHORIZED", " deauthorized "])
def test_the_older_spelling_and_any_letter_case_are_understood(spelt: str) -> None:
    assert (theirs_spelt(spelt), ours(spelt)) == ("Deauthorized", "deauthorised")


@pytest.mark.parametrize(("status", "spelt"), [("Suspended", "Suspended"), (None, ""), (7, "")])
def test_an_unknown_status_is_a_value_and_no_link(status: object, spelt: str) -> None:
    assert (theirs_spelt(status), ours(status), is_linked(status)) == (spelt, "", False)


def test_a_blank_connection_has_no_status_over_there() -> None:
    assert theirs("blank") == ""


def test_every_status_of_a_set_of_data_has_a_phase_and_a_sentence() -> None:
    phases = {name: data_word(name).phase for name in DATASET_STATUSES}

    assert {phase: sorted(name for name in phases if phases[name] is phase) for phase in set(phases.values())} == {
        Phase.UNDER_WAY: sorted(
            [
                "Initial",
                "Queued",
                "Fetching",
                "MapQueued",
                "Mapping",
                "ValidationQueued",
                "Validating",
                "ProcessingQueued",
                "Processing",
            ]
        ),
        Phase.COMPLETE: ["Complete"],
        Phase.FAILED: sorted(
            [
                "FetchError",
                "MapError",
                "ValidationError",
                "ProcessingError",
                "InternalError",
                "RateLimitError",
                "PrerequisiteNotMet",
                "Cancelled",
            ]
        ),
        Phase.SIGNED_OUT: ["AuthError"],
        Phase.FORBIDDEN: ["PermissionsError"],
        Phase.UNSUPPORTED: ["NotSupported"],
    }
    assert len({data_word(name).words for name in DATASET_STATUSES}) == len(DATASET_STATUSES)


def test_a_new_status_and_no_status_are_told_too() -> None:
    assert about("taxRates", "Pondering") == ('In Codat, "tax rates" has a status that is not known here (Pondering)')
    assert about("taxRates", "") == 'In Codat, "tax rates" has not been fetched yet'
    assert (data_word("").phase, data_word("Pondering").phase) == (Phase.NEVER, Phase.FAILED)


@pytest.mark.parametrize(
    ("data_type", "name"),
    [
        ("chartOfAccounts", "chart of accounts"),
        ("billCreditNotes", "supplier credit notes"),
        ("directCosts", "direct costs"),
    ],
)
def test_types_of_data_are_called_by_words(data_type: str, name: str) -> None:
    assert data_name(data_type) == name
