"""What each answer to a post means, at each of its requests: a status, a broken connection, a page, a refusal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from integrations.errors import IntegrationError, Misconfigured, OutcomeUnknown, Rejected, Retryable, Unauthorised
from integrations.http import MAX_ANSWER
from tests.contract.conversation import Conversations, played
from tests.samples import sample
from tests.scripted import Answer, ScriptedServer, answer, cut_short, drip, hang, json_answer, reset

# Status: what it means for the first write, and for a read before it.
STATUSES: dict[int, tuple[type[IntegrationError], type[IntegrationError]]] = {
    301: (OutcomeUnknown, Misconfigured),
    302: (OutcomeUnknown, Misconfigured),
    307: (OutcomeUnknown, Misconfigured),
    308: (OutcomeUnknown, Misconfigured),
    401: (Unauthorised, Unauthorised),
    408: (OutcomeUnknown, Retryable),
    429: (Retryable, Retryable),
    500: (OutcomeUnknown, Retryable),
    502: (OutcomeUnknown, Retryable),
    503: (OutcomeUnknown, Retryable),
    504: (OutcomeUnknown, Retryable),
    520: (OutcomeUnknown, Retryable),
}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
BREAKS: dict[str, Answer] = {
    "hangs": hang(),
    "is reset": reset(),
    "drips": drip(HEAD),
    "drips headers": drip(b"HTTP/1.1 200 OK\r\nX-Slow: "),
    "is cut short": cut_short(),
    "is no HTTP": drip(b"220 mail.example ready\r\n"),
}
BRIEF_SECONDS = 0.4
PAGE = "<html><h1>Sorry</h1>Traceback: boom</html>"
TRACEBACK = 'Traceback (most recent call last):\n  File "/srv/books/models.py", line 7, in create\nValueError: boom'
LONGEST_SENTENCE = 500


class AnswerCases(Conversations):
    """Only what is certain is told as certain; once a write has gone out, nothing else proves that nothing happened."""

    @pytest.mark.parametrize("status", sorted(STATUSES))
    def test_each_class_of_status_at_each_request(self, status: int) -> None:
        for place in self.places():
            before, expected = place < self.first_write(), OutcomeUnknown
            if place <= self.first_write():
                expected = STATUSES[status][before]  # type: ignore[assignment]
            headers = {"Location": "http://127.0.0.1:9/elsewhere"} if status < 400 else None
            error = self.broken_at(place, answer(status=status, body="<html>no</html>", headers=headers))
            assert type(error) is expected, f"request {place}"
            assert_readable(error)

    @pytest.mark.parametrize("what", sorted(BREAKS))
    def test_a_broken_answer_at_each_request(self, what: str) -> None:
        for place in self.places():
            error = self.broken_at(place, BREAKS[what], deadline_seconds=BRIEF_SECONDS)
            assert type(error) is self.unclear_at(place), f"request {place}"

    def test_an_answer_that_is_too_large_is_not_read(self) -> None:
        blanks = {"Content-Type": "application/json"}
        for place in self.places():
            error = self.broken_at(place, answer(body=b" " * (MAX_ANSWER + 1), headers=blanks))
            assert type(error) is self.unclear_at(place), f"request {place}"

    def test_no_connection_proves_that_nothing_happened(self) -> None:
        with ScriptedServer() as server:
            gone = server.url
        with pytest.raises(Retryable):
            self.attempt(gone, sample())

    # --- rate limits -------------------------------------------------------------------------------------------------

    def test_a_rate_limit_is_a_delay_and_tells_how_long(self) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        date, later = (format_datetime(at, usegmt=True) for at in (now, now + timedelta(seconds=90)))
        wishes: list[tuple[dict[str, str], float | None]] = [
            ({"Retry-After": "7"}, 7.0),
            ({"Retry-After": later, "Date": date}, 90.0),
            ({"Retry-After": "soon"}, None),
            ({}, None),
        ]
        for headers, seconds in wishes:
            error = self.broken_at(0, answer(status=429, headers=headers))
            assert isinstance(error, Retryable)
            # The server of the script tells a time of its own as well, which may be a moment later.
            wish = seconds if seconds is None else pytest.approx(seconds, abs=2)
            assert (error.retry_after, error.free) == (wish, True), headers

    # --- answers that look like something else -----------------------------------------------------------------------

    @pytest.mark.parametrize("status", [200, 201, 400, 403, 409, 422, 500, 502])
    def test_a_page_is_neither_read_nor_shown(self, status: int) -> None:
        page = answer(status=status, body=PAGE, headers={"Content-Type": "text/html"})
        error = self.broken_at(self.first_write(), page)
        assert type(error) is OutcomeUnknown
        assert_readable(error)

    @pytest.mark.parametrize("media_type", ["text/html", "text/plain", "application/octet-stream", ""])
    def test_a_success_of_another_content_type_is_none(self, media_type: str) -> None:
        step = self.posting(sample())[self.first_write()]
        if callable(step.answer):
            return
        disguised = json_answer(step.answer, status=step.status, headers={"Content-Type": media_type})
        assert type(self.broken_at(self.first_write(), disguised)) is OutcomeUnknown

    @pytest.mark.parametrize("body", ["{}", "[]", "null", '"17"', "", '{"id": ', '{"id": NaN}', "[" * 100_000])
    def test_json_of_another_shape_leaves_the_outcome_open(self, body: str) -> None:
        odd = answer(body=body, headers={"Content-Type": "application/json"})
        assert type(self.broken_at(self.first_write(), odd)) is OutcomeUnknown

    @pytest.mark.parametrize("status", [200, 201])
    def test_a_success_without_an_id_leaves_the_outcome_open(self, status: int) -> None:
        error = self.broken_at(self.first_write(), played(self.without_id(), status))
        assert type(error) is OutcomeUnknown

    @pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 410, 413, 415, 418, 422, 451])
    def test_a_refusal_that_nobody_knows_proves_nothing(self, status: int) -> None:
        error = self.broken_at(self.first_write(), json_answer({"surprise": "xyzzy"}, status=status))
        assert type(error) is OutcomeUnknown

    # --- refusals ----------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("status", [200, 201, 202])
    def test_a_failure_inside_a_success_is_no_success(self, status: int) -> None:
        error = self.broken_at(self.first_write(), played(self.failure("No such account."), status))
        assert isinstance(error, Rejected | OutcomeUnknown)

    @pytest.mark.parametrize("status", [200, 400, 422, 500])
    @pytest.mark.parametrize("message", [TRACEBACK, PAGE, "", "x" * 20_000, "line one\r\n\tline two\x07"])
    def test_what_the_system_says_is_fit_for_people(self, message: str, status: int) -> None:
        assert_readable(self.broken_at(self.first_write(), played(self.failure(message), status)))

    def test_each_refusal_that_it_knows(self) -> None:
        refusals = self.refusals()
        assert any(issubclass(one.error, Rejected) for one in refusals), "a system refuses something"
        for one in refusals:
            place = self.first_write() if one.step is None else one.step
            plays = [played(one.body, one.status), *(step.play() for step in one.then)]
            error = self.broken_at(place, *plays)
            assert type(error) is one.error, one
            assert one.says in error.message
            assert not one.hides or one.hides not in error.message
            assert one.field is None or error.field == one.field
            assert_readable(error)


def assert_readable(error: IntegrationError) -> None:
    """One plain line that a customer may read: no page, no traceback, no novel."""
    message = error.message
    assert message.strip()
    assert message.isprintable(), repr(message)
    assert len(message) <= LONGEST_SENTENCE
    for word in ("Traceback", "boom", 'File "', "<html", "<h1"):
        assert word not in message
