"""Find an entry again by the key of its posting."""

from __future__ import annotations

from ledger.models import Books, Entry


def entry_by_key(books: Books, key: str) -> Entry | None:
    """The entry that carries this idempotency key, with its party, or None."""
    return Entry.objects.select_related("supplier", "customer").filter(books=books, external_key=key).first()
