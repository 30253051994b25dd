"""Before anything goes wrong: deliveries go on while web is replaced in order, and the bystander gets what it has."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping

from tests.chaos import world
from tests.chaos.papers import CALM_SECONDS, Paper, calm
from tests.chaos.seen import books_of
from tests.chaos.sender import Sender
from tests.chaos.staff import NOTHING
from tests.chaos.stage import Stage

EACH = 12
# When web is asked to replace its processes, in seconds of the calm. It takes most of the calm.
RESTARTS_AT = 1.0
SETTLES_WITHIN_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.1


def calm_restart(stage: Stage, seed: int, tell: Callable[[str], None]) -> tuple[list[Paper], Mapping[str, object]]:
    """Deliver to one web server while it restarts. The papers, and what the bystander has when all of them are settled.

    Raises `TimeoutError` when they are not settled within a minute, or staff do not get their page.
    """
    mail = calm(seed, len(stage.companies), EACH)
    sender = Sender(mail, stage.urls[:1], stage.companies, seed, patient=False)
    began = time.monotonic()
    sender.start()
    time.sleep(RESTARTS_AT)
    stage.webs[0].ask(signal.SIGHUP)
    tell("web restarts in order, and nothing else happens")
    try:
        _wait_until(lambda: time.monotonic() - began > CALM_SECONDS and sender.is_done)
        _wait_until(lambda: not world.unsettled(stage), lambda: world.unsettled(stage))
        staff = stage.staff()
        staff.retry_all()
        _wait_until(lambda: staff.done[NOTHING] == 1)
    finally:
        sender.stop()
    bystander = stage.companies[-1]
    return mail.papers, world.read(stage).of(bystander["company"], *books_of(bystander))


def _wait_until(happened: Callable[[], bool], else_tell: Callable[[], object] = lambda: "") -> None:
    deadline = time.monotonic() + SETTLES_WITHIN_SECONDS
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"The calm beginning did not settle. {else_tell()}")
        time.sleep(LOOK_EVERY_SECONDS)
