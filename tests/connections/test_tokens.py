"""Secret tokens: shown once, kept as digests, two live at most, pasted ones judged."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from pytest_django import Settings

from portal.connections.models import EndpointToken
from portal.connections.tokens import issue_token, live_tokens, paste_token, retire_token
from portal.digests import digest
from portal.events.models import AuditEvent
from tests.factories import EndpointFactory

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


def test_only_a_keyed_digest_and_a_hint_are_kept() -> None:
    endpoint = EndpointFactory.create()
    token = issue_token(endpoint, who="sam")
    row = EndpointToken.objects.get()
    assert (row.digest, row.hint, row.origin) == (digest(token), token[-4:], "ours")
    assert len(token) > 40
    assert token not in str(EndpointToken.objects.values_list())
    assert token not in str(AuditEvent.objects.values_list())


def test_the_pepper_is_part_of_the_digest(settings: Settings) -> None:
    before = digest("a token")
    settings.TOKEN_PEPPER = "another"
    assert digest("a token") != before


def test_rotation_keeps_two_live_and_ends_the_older_one_after_the_overlap() -> None:
    endpoint, now = EndpointFactory.create(), timezone.now()
    first, second = issue_token(endpoint, who="sam"), issue_token(endpoint, who="sam")
    assert [row.digest for row in live_tokens(endpoint, now)] == [digest(first), digest(second)]
    later = now + timedelta(hours=25)
    assert [row.digest for row in live_tokens(endpoint, later)] == [digest(second)]
    third = issue_token(endpoint, who="sam")
    assert [row.digest for row in live_tokens(endpoint, timezone.now())] == [digest(second), digest(third)]


def test_retiring_ends_a_token_at_once() -> None:
    endpoint = EndpointFactory.create()
    issue_token(endpoint, who="sam")
    retire_token(EndpointToken.objects.get(), who="sam")
    assert live_tokens(endpoint, timezone.now()) == []
    assert AuditEvent.objects.filter(verb="endpoint.token_retired", who="sam").count() == 1


@pytest.mark.parametrize("token", ["short", "fifteen-chars-x", "has a blank in the middle", "umlaut-täuschung-äöü", ""])
def test_a_bad_token_is_not_pasted(token: str) -> None:
    with pytest.raises(ValidationError):
        paste_token(EndpointFactory.create(), token, who="sam")
    assert not EndpointToken.objects.exists()


@pytest.mark.parametrize("length,warned", [(16, True), (23, True), (24, False), (64, False)])
def test_a_weak_pasted_token_comes_with_a_warning(length: int, warned: bool) -> None:
    warning = paste_token(EndpointFactory.create(), "x" * length, who="sam")
    assert (warning is not None) is warned


def test_pasting_the_same_token_again_keeps_it_live() -> None:
    endpoint = EndpointFactory.create()
    paste_token(endpoint, "x" * 30, who="sam")
    issue_token(endpoint, who="sam")
    paste_token(endpoint, "x" * 30, who="sam")
    row = EndpointToken.objects.get(digest=digest("x" * 30))
    assert row.retires_at is None
