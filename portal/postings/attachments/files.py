"""What is known of the files of a handover: a row for each, made when the source first tells of it, then kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from integrations.papers import Attachment, File
from portal.postings.attachments.models import LONGEST_ID, FileState, HandedFile, Handover, HandoverState
from portal.postings.attachments.naming import is_pdf, name_there

LONGEST_TYPE: Final = 100
LARGEST_SIZE: Final = 2**63 - 1


def id_of(attachment: Attachment) -> str:
    """The source's id of a file as it is kept."""
    return attachment.external_id[:LONGEST_ID]


def keep_track(handover: Handover, told: Iterable[Attachment]) -> list[HandedFile]:
    """The files that are still to go, and a row for each that is new; a name, once given, stays.

    The supplier's paper goes first. What failed before goes last, so that it holds nothing up.
    """
    rows = {row.external_id: row for row in handover.files.all()}
    for attachment in sorted(told, key=lambda one: not is_pdf(one.name, one.content_type)):
        if id_of(attachment) not in rows:
            rows[id_of(attachment)] = _new(handover, attachment, [row.name for row in rows.values()])
    to_go = [row for row in rows.values() if row.state == FileState.WAITING]
    return sorted(to_go, key=lambda row: (bool(row.message), row.pk))


def handed(row: HandedFile, file: File) -> None:
    """It is over there now."""
    _write(
        row, state=FileState.HANDED, message="", size=len(file.content), handed_at=timezone.now(),
        sha256=hashlib.sha256(file.content).hexdigest(), content_type=file.content_type[:LONGEST_TYPE],
    )  # fmt: skip


def was_there(row: HandedFile, message: str) -> None:
    """It is over there, and need not be fetched."""
    _write(row, state=FileState.HANDED, message=message, handed_at=timezone.now())


def refused(row: HandedFile, message: str) -> None:
    """It is not going over, unless a person asks for it."""
    _write(row, state=FileState.REFUSED, message=message)


def failed(row: HandedFile, message: str) -> None:
    """It could not go over this time."""
    _write(row, message=message)


def outcome(handover: Handover) -> tuple[HandoverState, str]:
    """How it ends when no file is waiting any more, and why not better."""
    rows = list(handover.files.order_by("pk"))
    if not rows:
        return HandoverState.NOTHING, ""
    not_taken = [row for row in rows if row.state != FileState.HANDED]
    if not not_taken:
        return HandoverState.DONE, ""
    first = not_taken[0]
    return HandoverState.PARTLY, f"{len(not_taken)} of {len(rows)} refused. {first.name}: {first.message}"


def ask_again(handover: Handover, now: datetime, **fields: Any) -> bool:
    """Everything that is not over there may go again, from `now` on. False while a worker has it."""
    free = Handover.objects.filter(pk=handover.pk, state=handover.state, lease_token__isnull=True)
    values = {"state": HandoverState.WAITING, "next_at": now, "ended_at": None, "tries": 0, **fields}
    if not free.update(**values):
        return False
    handover.files.filter(state=FileState.REFUSED).update(state=FileState.WAITING, message="")
    return True


def _new(handover: Handover, attachment: Attachment, taken: list[str]) -> HandedFile:
    size = attachment.size
    return HandedFile.objects.create(
        handover=handover,
        external_id=id_of(attachment),
        name=name_there(attachment.name, taken),
        content_type=attachment.content_type[:LONGEST_TYPE],
        size=size if size is not None and 0 <= size <= LARGEST_SIZE else None,
    )


def _write(row: HandedFile, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(row, name, value)
    row.save(update_fields=list(fields))
