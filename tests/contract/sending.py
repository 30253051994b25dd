"""What goes out: the exact requests, the right to send them, the keys, exact numbers, and no secret in the records."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal, InvalidOperation

import pytest

from integrations.documents import Document, IdempotencyKey
from integrations.errors import IntegrationError, LeaseLost, OutcomeUnknown, Rejected, Retryable
from integrations.http import Exchange
from tests.contract.conversation import Conversations
from tests.contract.oddities import AMOUNTS, CONTROL, UNICODE
from tests.samples import KEY, REFERENCE, in_dollars, sample, with_line
from tests.scripted import Asked, ScriptedServer, answer, reset

LATER = IdempotencyKey(KEY.value, 2)
# No amount of these cases has more; 0.30000000000000004 has.
MANY_DECIMALS = re.compile(r"\d\.\d{7,}|\d[eE][+-]?\d")


class SendingCases(Conversations):
    """The side of the request."""

    def sent(self, document: Document, key: IdempotencyKey = KEY) -> list[Asked]:
        """What goes out for a document that is booked."""
        with ScriptedServer(*self.plays(document)) as server:
            assert self.post(server.url, document, key=key).external_id == "17"
        return server.asked

    def written(self, key: IdempotencyKey = KEY) -> list[Asked]:
        """The writes among what goes out for `sample()`."""
        return [
            asked for step, asked in zip(self.posting(sample()), self.sent(sample(), key), strict=False) if step.writes
        ]

    def test_the_exact_requests_of_each_kind(self) -> None:
        for document in (*map(sample, sorted(self.connector.can.kinds)), in_dollars()):
            steps, asked = [*self.posting(document), *self.polling(document)], self.sent(document)
            assert [step.seen_in(one) for step, one in zip(steps, asked, strict=True)] == [one.request for one in steps]

    def test_what_the_system_booked_is_told_whatever_was_sent(self) -> None:
        """A locked period moves the date, a default tax is added: the answer counts, not the document."""
        day = sample().date
        assert day is not None
        later = day + timedelta(days=18)
        booked = sample(net=Decimal("160.50"), tax=Decimal("22.00"), gross=Decimal("182.50"), date=later)
        with ScriptedServer(*self.plays(booked)) as server:
            told = self.post(server.url, sample())
        assert (told.net, told.tax, told.gross, told.date) == (booked.net, booked.tax, booked.gross, booked.date)

    # --- the right to send -------------------------------------------------------------------------------------------

    def test_each_write_asks_whether_it_is_still_ours(self) -> None:
        writes = [place for place, step in enumerate(self.posting(sample())) if step.writes]
        checks: list[int] = []
        with ScriptedServer(*self.plays()) as server:
            self.post(server.url, still_ours=lambda: checks.append(len(server.asked)))
        assert checks == writes

    def test_a_lost_lease_sends_no_write(self) -> None:
        def lost() -> None:
            raise LeaseLost("somebody else holds it")

        reads = [step.play() for step in self.posting(sample())[: self.first_write()]]
        with ScriptedServer(*reads) as server, pytest.raises(LeaseLost):
            self.attempt(server.url, sample(), still_ours=lost)

    def test_each_request_asks_for_the_rate_limit(self) -> None:
        places = [*range(len(self.plays()))]
        permits: list[int] = []
        with ScriptedServer(*self.plays()) as server:
            self.post(server.url, permit=lambda: permits.append(len(server.asked)))
        assert permits == places

    def test_a_limit_that_is_used_up_delays_until_the_first_write_has_gone_out(self) -> None:
        for place in self.places():
            before = [step.play() for step in self.posting(sample())[:place]]
            expected = Retryable if place <= self.first_write() else OutcomeUnknown
            with ScriptedServer(*before) as server, pytest.raises(expected):
                self.attempt(server.url, sample(), permit=permits(place))

    # --- keys --------------------------------------------------------------------------------------------------------

    def test_our_key_and_our_number_stand_on_the_document(self) -> None:
        """The lookup needs the one, people need the other."""
        sent = everything(self.written())
        assert plain(KEY.value) in sent
        assert plain(REFERENCE) in sent

    def test_the_vendors_key_is_sent_where_it_is_relied_on(self) -> None:
        """A lifetime, or errors that are repeated: both are said of a key that goes out, a new one per generation."""
        first, later = everything(self.written()), everything(self.written(LATER))
        if self.connector.can.key_seconds is not None or self.connector.can.repeats_errors:
            assert plain(LATER.sent) in later
        assert plain(LATER.sent) not in first
        assert plain(LATER.value) in later.replace(plain(LATER.sent), ""), "the lookup searches for the first key"

    def test_a_repeated_error_is_left_behind_by_the_next_generation(self) -> None:
        place = self.first_write()
        steps = self.posting(sample())
        for _ in range(2):
            assert type(self.broken_at(place, answer(status=500))) is OutcomeUnknown
        assert [asked.path for asked in self.sent(sample(), LATER)][: len(steps)] == [step.path for step in steps]

    def test_the_same_generation_is_sent_alike(self) -> None:
        once, again = self.sent(sample()), self.sent(sample())
        assert [(one.method, one.path, one.body) for one in once] == [(one.method, one.path, one.body) for one in again]
        assert [key_headers(one) for one in once] == [key_headers(one) for one in again]

    # --- numbers and texts -------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("what", sorted(AMOUNTS))
    def test_amounts_go_out_exactly(self, what: str) -> None:
        document = AMOUNTS[what]
        if what in self.refuses:
            self.is_refused_before_a_write(document)
            return
        asked = self.sent(document)
        numbers = {number for one in asked if one.body for number in numbers_in(self.content(one))}
        assert {abs(line.net) for line in document.lines} <= {abs(number) for number in numbers}
        for one in asked:
            assert not MANY_DECIMALS.search(without_ids(one.body.decode())), "a float went out"

    def is_refused_before_a_write(self, document: Document) -> None:
        """What the connector knows that its system would refuse does not go out."""
        steps = self.posting(document)
        script = (step.play() for step in steps)
        with ScriptedServer(*script, to_its_end=False) as server, pytest.raises(Rejected):
            self.attempt(server.url, document)
        assert not any(step.writes for step, _ in zip(steps, server.asked, strict=False))

    @pytest.mark.parametrize("text", [UNICODE, CONTROL])
    def test_texts_go_out_as_sound_utf_8(self, text: str) -> None:
        document = replace(with_line(sample(), 0, description=text), title=text)
        try:
            asked = self.sent(document)
        except IntegrationError as error:
            pytest.fail(f"a text was taken for more than a text: {error}")
        for one in asked:
            assert not one.body or self.content(one) is not None

    # --- records -----------------------------------------------------------------------------------------------------

    def test_every_request_is_recorded(self) -> None:
        exchanges: list[Exchange] = []
        with ScriptedServer(*self.plays()) as server:
            self.post(server.url, record=exchanges.append)
        assert [one.method for one in exchanges] == [one.method for one in server.asked]
        assert all(one.status is not None for one in exchanges)

    def test_no_secret_in_what_is_recorded(self) -> None:
        assert self.secrets
        for place in self.places():
            exchanges: list[Exchange] = []
            echo = answer(status=500, body=" ".join(self.secrets), headers={"X-Echo": self.secrets[0]})
            errors = [self.broken_at(place, play, record=exchanges.append) for play in (echo, reset())]
            for secret in self.secrets:
                assert secret not in repr(exchanges)
                assert not any(secret in error.message for error in errors)
            assert exchanges[place].response_body == " ".join("***" for _ in self.secrets)

    def test_secrets_come_from_the_settings_that_are_marked_so(self) -> None:
        link = self.connect("http://127.0.0.1:9", self.outbound()).link
        marked = {one.key for one in self.connector.metadata.settings if one.secret}
        plain = {one.key for one in self.connector.metadata.settings if not one.secret}
        assert set(link.secrets) <= marked
        assert set(link.settings) <= plain
        assert set(self.secrets) <= set(link.secrets.values())


def permits(so_many: int) -> Callable[[], None]:
    """A rate limit that lets only so many requests pass."""
    left = iter(range(so_many))

    def permit() -> None:
        if next(left, None) is None:
            raise Retryable("The limit is used up.", free=True)

    return permit


def everything(asked: Iterable[Asked]) -> str:
    """All that went out, in one text, plain."""
    return plain("\n".join(f"{one.path}\n{one.headers}\n{one.body.decode()}" for one in asked))


def plain(text: str) -> str:
    """Some vendors take keys without hyphens only."""
    return text.replace("-", "").lower()


def key_headers(asked: Asked) -> Mapping[str, str]:
    """The headers that speak of keys."""
    return {name: value for name, value in asked.headers.items() if "idempot" in name or "request-id" in name}


def numbers_in(value: object) -> Iterator[Decimal]:
    """Every number of a JSON value; a decimal text is one."""
    if isinstance(value, Mapping):
        for member in value.values():
            yield from numbers_in(member)
    elif isinstance(value, list):
        for member in value:
            yield from numbers_in(member)
    elif isinstance(value, int | Decimal) and not isinstance(value, bool):
        yield Decimal(value)
    elif isinstance(value, str):
        yield from number_in(value)


def number_in(text: str) -> Iterator[Decimal]:
    """The number that a text is, if it is one."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return
    if number.is_finite():
        yield number


def without_ids(text: str) -> str:
    """Bodies hold keys of hexadecimal digits, of which some look like 7e3."""
    return text.replace(KEY.value, "")
