"""The memo books of a company: where documents are kept that its accounting system cannot take."""

from __future__ import annotations

from django.db.transaction import atomic

from ledger.services import open_books
from portal.connections.models import Connection

SETTING = "memo_books"


def memo_books(connection: Connection) -> str:
    """The id of the memo books of this connection; they are opened the first time something is kept."""
    if SETTING not in connection.settings:
        with atomic():
            locked = Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)
            if SETTING not in locked.settings:
                company = connection.company
                books = open_books(f"{company.name}, memo entries", company.base_currency)
                locked.settings[SETTING] = str(books.pk)
                locked.save(update_fields=["settings"])
            connection.settings = locked.settings
    return str(connection.settings[SETTING])
