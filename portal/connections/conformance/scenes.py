"""The scenes of a conformance run: what is sent, and what has to be there afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from integrations.documents import Document, IdempotencyKey, Posted
from integrations.errors import IntegrationError, OutcomeUnknown, Rejected
from integrations.http import Exchange
from integrations.lost_answer import LostAnswer
from portal.connections.conformance.trial import AMOUNT, Trial, dearer

REFUSED = "It refused the document: {why}"


@dataclass(slots=True, kw_only=True)
class Scene:
    """What was done under one key. `fault` says what must not be; `impossible` why nothing can be said; `refused` why
    there may be no document at all.

    `counts` is False for what only informs. `exchanges` is what went over the network, redacted.
    """

    name: str
    title: str
    document: Document
    key: IdempotencyKey
    seen: str = ""
    fault: str = ""
    impossible: str = ""
    refused: str = ""
    counts: bool = True
    exchanges: tuple[Exchange, ...] = ()


Act = Callable[[Trial, Scene], None]


def lookup(trial: Trial, scene: Scene) -> None:
    """Nothing before, the document afterwards; at once where the connector says so."""
    can = trial.account.connector.can
    before = len(trial.look(scene.document, scene.key))
    posted = trial.send(scene.document, scene.key)
    found = trial.look(scene.document, scene.key)
    scene.seen = f"Found {before} before and {len(found)} right after posting {_name(posted)}."
    if before:
        scene.fault = "A key that was never used finds a document."
    elif can.lookup_complete and [one.external_id for one in found] != [posted.external_id]:
        scene.fault = "The lookup is said to see every committed document at once, and did not see this one."


def double_send(trial: Trial, scene: Scene) -> None:
    """The same document twice under one key."""
    first = trial.send(scene.document, scene.key)
    again = _again(trial, scene.document, scene.key)
    scene.seen = f"The first time {_name(first)}, the second time {_name(again)}."
    scene.fault = _two(first, again)


def changed_body(trial: Trial, scene: Scene) -> None:
    """Another amount under the key of the first: the first stays as it was, and there is no second."""
    first = trial.send(scene.document, scene.key)
    again = _again(trial, dearer(scene.document), scene.key)
    scene.seen = f"{AMOUNT} made {_name(first)}; twice the amount under the same key: {_name(again)}."
    scene.fault = _two(first, again)
    if not scene.fault and any(one.gross not in (None, AMOUNT) for one in _seen(trial, scene)):
        scene.fault = "The amount of the document in the books was changed."


def late_retry(seconds: float) -> Act:
    """The same document again after a pause."""

    def act(trial: Trial, scene: Scene) -> None:
        first = trial.send(scene.document, scene.key)
        trial.sleep(seconds)
        again = _again(trial, scene.document, scene.key)
        scene.seen = f"{_name(first)}; {seconds:g} s later under the same key: {_name(again)}."
        scene.fault = _two(first, again)

    return act


def lost_answer(write: int) -> Act:
    """The answer to one write is thrown away after it was sent in full, and the document is sent again."""

    def act(trial: Trial, scene: Scene) -> None:
        lost = LostAnswer(trial.terms(), write=write)
        try:
            trial.send(scene.document, scene.key, lost.terms)
        except OutcomeUnknown:
            if not lost.happened:
                raise
        else:
            scene.impossible = f"It was booked without a write number {write}, so no answer to it could be lost."
            return
        again = _again(trial, scene.document, scene.key)
        if isinstance(again, Rejected):
            scene.refused = REFUSED.format(why=again.message)
        scene.seen = f"The answer to write {write} was thrown away; sent again under the same key: {_name(again)}."

    return act


def scenes(trial: Trial, late_seconds: float, life_seconds: float | None) -> Iterator[tuple[str, str, Act, bool]]:
    """(name, title, what is done, whether it counts), in order. `life_seconds` is the pause beyond the key's life.

    Each write of a post has its answer lost once. How many there are is known after the second scene: in the first one
    the supplier may be made, too.
    """
    yield "lookup", "Lookup", lookup, True
    yield "double_send", "Double send", double_send, True
    for write in range(1, max(trial.writes, 1) + 1):
        yield f"lost_answer_{write}", f"Lost answer to write {write}", lost_answer(write), True
    yield "changed_body", "Changed body under the same key", changed_body, True
    yield "late_retry", f"Late retry, after {late_seconds:g} s", late_retry(late_seconds), True
    if life_seconds is not None:
        yield (
            "after_key_life",
            f"Retry beyond the key's life, after {life_seconds:g} s",
            late_retry(life_seconds),
            False,
        )


def play(trial: Trial, name: str, title: str, act: Act, *, counts: bool) -> Scene:
    """Do one scene. Whatever the connector raises makes it impossible; it is never a success."""
    document, key = trial.document()
    scene = Scene(name=name, title=title, document=document, key=key, counts=counts)
    before = len(trial.exchanges)
    try:
        act(trial, scene)
    except Rejected as error:
        scene.impossible = REFUSED.format(why=error.message)
    except IntegrationError as error:
        scene.impossible = f"No certain answer came: {error.message}"
    scene.exchanges = tuple(trial.exchanges[before:])
    return scene


def _again(trial: Trial, document: Document, key: IdempotencyKey) -> Posted | IntegrationError:
    """A second send may be answered, refused or left open: what counts is how many documents there are."""
    try:
        return trial.send(document, key)
    except (Rejected, OutcomeUnknown) as error:
        return error


def _seen(trial: Trial, scene: Scene) -> tuple[Posted, ...]:
    return trial.look_until_seen(scene.document, scene.key) if trial.account.connector.can.lookup else ()


def _two(first: Posted, again: Posted | IntegrationError) -> str:
    if isinstance(again, Posted) and again.external_id != first.external_id:
        return "It answered with two different documents."
    return ""


def _name(of: Posted | IntegrationError) -> str:
    if isinstance(of, IntegrationError):
        return f"no document ({type(of).__name__}: {of.message})"
    return f"document {of.number or of.external_id} (id {of.external_id})"
