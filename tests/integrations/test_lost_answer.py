"""An answer that is thrown away: the request has gone out, the system has answered, and the caller does not know."""

from __future__ import annotations

import pytest

from integrations.errors import LeaseLost, OutcomeUnknown, Retryable
from integrations.http import Exchange, Http, Outbound
from integrations.lost_answer import LostAnswer
from tests.outgoing import Calls
from tests.scripted import ScriptedServer, json_answer, reset

FINE = json_answer({"id": "17"})


def test_the_chosen_write_alone_loses_its_answer(calls: Calls) -> None:
    lost = LostAnswer(calls.outbound(), write=2)
    with ScriptedServer(FINE, FINE, FINE, FINE) as server:
        http = Http(server.url, lost.terms)
        http.get("a")
        http.post("b", json={})
        http.get("c")
        assert not lost.happened
        with pytest.raises(OutcomeUnknown):
            http.post("d", json={})
    assert lost.happened
    assert [(one.method, one.status) for one in calls.exchanges] == [
        ("GET", 200), ("POST", 200), ("GET", 200), ("POST", 200),
    ]  # fmt: skip
    assert calls.checks == 2


def test_it_is_lost_once(calls: Calls) -> None:
    lost = LostAnswer(calls.outbound())
    with ScriptedServer(FINE, FINE) as server:
        http = Http(server.url, lost.terms)
        with pytest.raises(OutcomeUnknown):
            http.post("a", json={})
        assert http.post("b", json={}).json() == {"id": "17"}


def test_an_answer_that_never_came_is_not_one_that_was_thrown_away(calls: Calls) -> None:
    lost = LostAnswer(calls.outbound())
    with ScriptedServer(reset()) as server, pytest.raises(OutcomeUnknown, match="broke off"):
        Http(server.url, lost.terms).post("a", json={})
    assert not lost.happened


def test_a_write_that_may_not_go_out_is_not_counted() -> None:
    def refuse() -> None:
        raise LeaseLost("somebody else holds it")

    kept: list[Exchange] = []
    lost = LostAnswer(Outbound(allow_private=True, still_ours=refuse, record=kept.append))
    with ScriptedServer() as server, pytest.raises(LeaseLost):
        Http(server.url, lost.terms).post("a", json={})
    assert (lost.happened, kept) == (False, [])


def test_a_system_that_is_not_reached_has_lost_nothing(calls: Calls) -> None:
    lost = LostAnswer(calls.outbound())
    with ScriptedServer() as server:
        gone = server.url
    with pytest.raises(Retryable):
        Http(gone, lost.terms).post("a", json={})
    assert not lost.happened
