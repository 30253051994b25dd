"""A worker may end at any point: in the end each file is over there exactly once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from portal.postings.attachments import files
from portal.postings.attachments.handing import hand_over
from portal.postings.attachments.leases import take
from portal.postings.attachments.models import Handover
from tests.postings.attachments.papers import Desk, Shelf
from tests.postings.attachments.scene import Killed, Scene, once, raising, run

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
NAMES = ["invoice.pdf", "notes.txt"]
# Where it ends, and how long until another worker may have it: the lease, or its turn, the call and the quiet time.
LEASE, UNCLEAR = timedelta(seconds=60), timedelta(seconds=30 + 45 + 20)
POINTS: dict[str, tuple[Callable[[Desk, Shelf], object], str, timedelta]] = {
    "while the files are listed": (lambda desk, _: desk, "at_list", LEASE),
    "while the books are asked what is there": (lambda _, shelf: shelf, "at_attached", LEASE),
    "while a file is fetched": (lambda desk, _: desk, "at_fetch", LEASE),
    "before it is attached": (lambda _, shelf: shelf, "before", UNCLEAR),
    "after it was attached": (lambda _, shelf: shelf, "after", UNCLEAR),
}


def killed(handover: Handover) -> Handover:
    with pytest.raises(Killed):
        hand_over(handover.pk)
    handover.refresh_from_db()
    return handover


def two_files(scene: Scene) -> Handover:
    scene.desk.put("f-1", "invoice.pdf")
    scene.desk.put("f-2", "notes.txt", content_type="text/plain")
    return scene.handover()


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_ends(scene: Scene, point: str) -> None:
    whose, name, wait = POINTS[point]
    handover = two_files(scene)
    setattr(whose(scene.desk, scene.shelf), name, once(Killed()))
    killed(handover)
    seen = len(scene.desk.asked)
    scene.later(wait - timedelta(seconds=1))
    run(handover)
    assert len(scene.desk.asked) == seen
    scene.later(timedelta(seconds=1))
    assert (run(handover).state, handover.tries) == ("done", 1)
    assert scene.shelf.names() == NAMES


def test_a_worker_that_ends_before_it_marks_the_file(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    handover, mark = two_files(scene), files.handed
    monkeypatch.setattr(files, "handed", raising(Killed()))
    killed(handover)
    monkeypatch.setattr(files, "handed", mark)
    scene.later()
    assert (run(handover).state, scene.shelf.names()) == ("done", NAMES)


def test_a_worker_that_ends_before_it_writes_how_it_went(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    handover = two_files(scene)
    with monkeypatch.context() as patched:
        patched.setattr(files, "outcome", raising(Killed()))
        killed(handover)
    scene.later()
    assert (run(handover).state, scene.shelf.names()) == ("done", NAMES)


def test_what_ends_one_worker_after_the_other_ends_too(scene: Scene) -> None:
    handover = two_files(scene)
    scene.desk.at_fetch = raising(Killed())
    for _ in range(13):
        killed(handover)
        scene.later()
    assert run(handover).state == "given_up"
    assert handover.message == "Each worker that tried it ended in the middle."


def test_a_worker_that_was_frozen_does_not_send_what_another_has_sent(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    handover, left = two_files(scene), [1]

    def freeze() -> None:
        if left:
            left.pop()
            scene.later()
            assert run(handover).state == "done"

    scene.desk.at_fetch = freeze
    run(handover)
    assert (handover.state, scene.shelf.names()) == ("done", NAMES)
    assert "stale_lease: Another worker has these files now." in caplog.text


def test_a_worker_that_is_held_up_right_before_it_writes_writes_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    handover = two_files(scene)

    def slow(*told: object) -> object:
        lease = take(*told)  # type: ignore[arg-type]
        assert lease is not None
        readings = iter(range(0, 2000, 16))
        lease.clock = lambda: float(next(readings))
        return lease

    monkeypatch.setattr("portal.postings.attachments.handing.take", slow)
    assert run(handover).state == "waiting"
    assert scene.shelf.names() == []
    assert "The worker was held up for too long before handing the file over; nothing was sent." in caplog.text


def test_while_one_has_it_nobody_else_does(scene: Scene) -> None:
    handover = two_files(scene)
    scene.shelf.before = lambda: run(handover)
    assert run(handover).state == "done"
    assert scene.shelf.names() == NAMES
