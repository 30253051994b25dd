"""Keep files with entries: each name once per entry."""

from __future__ import annotations

from typing import Final

from django.utils import timezone

from integrations.documents import Kind
from integrations.errors import Rejected
from integrations.papers import LARGEST_FILE, File
from ledger.models import Attachment, Books, Entry
from ledger.models.attachments import LONGEST_FILE_NAME
from ledger.services.statements import insert_unless_there

LONGEST_TYPE: Final = 100
_LARGEST_ID: Final = 2**63 - 1


def entry_of(books: Books, kind: Kind, external_id: str) -> Entry:
    """The entry that a document of this kind made. Raises `Rejected` where there is none."""
    number = int(external_id) if external_id.isascii() and external_id.isdigit() else 0
    chosen = Entry.objects.filter(books=books, document_kind=kind, pk=min(number, _LARGEST_ID))
    entry = chosen.first()
    if entry is None:
        raise Rejected(f"The books of {books.name} have no {kind.label.lower()} {external_id}.", field="external_id")
    return entry


def keep_file(entry: Entry, file: File) -> None:
    """Keep a file with an entry, inside the caller's transaction or in one of its own.

    A name that the entry has already stays as it is. Raises `Rejected` for a file without a name, or one that is too
    large or named too long.
    """
    if not file.name or len(file.name) > LONGEST_FILE_NAME:
        raise Rejected(f"The name of a file has 1 to {LONGEST_FILE_NAME} characters.", field="name")
    if len(file.content) > LARGEST_FILE:
        message = f"{file.name} is larger than {LARGEST_FILE // 1024**2} MB, which the ledger does not keep."
        raise Rejected(message, field="content")
    insert_unless_there(
        Attachment(
            entry=entry,
            name=file.name,
            content_type=file.content_type[:LONGEST_TYPE],
            size=len(file.content),
            content=file.content,
            attached_at=timezone.now(),
        )
    )
