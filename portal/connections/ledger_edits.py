"""What staff change in the built-in ledger's master data stands in the audit trail like every other change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Model, Q

from ledger.models import Books
from ledger.signals import changed_by_staff
from portal.connections.memo import SETTING as MEMO_BOOKS
from portal.connections.models import Connection
from portal.events.services import tell
from portal.staff.base import name_of
from portal.tenants.models import Company


def listen() -> None:
    """From now on, in this process."""
    changed_by_staff.connect(_tell, dispatch_uid="portal.connections.ledger_edits")


def _tell(
    *, row: Model, user: AbstractBaseUser, added: bool, changes: Mapping[str, tuple[object, object]], **_: Any
) -> None:
    books: Books = row if isinstance(row, Books) else getattr(row, "books")  # noqa: B009 - all master data has it
    company = company_of(books)
    verb, said = ("added", "Added") if added else ("changed", "Changed")
    where = "" if books is row else f" in the books {books}"
    tell(
        f"{row._meta.model_name}.{verb}",
        f"{said} {row._meta.verbose_name} {row}{where}.",
        who=name_of(user),
        subject=row,
        tenant_id=company.tenant_id if company else None,
        company_id=company.pk if company else None,
        changes={name: [_shown(before), _shown(after)] for name, (before, after) in changes.items()},
    )


def company_of(books: Books) -> Company | None:
    """The company whose connection posts into these books, or keeps memo entries there; None when there is none."""
    key = str(books.pk)
    linked = Connection.objects.filter(Q(settings__books=key) | Q(**{f"settings__{MEMO_BOOKS}": key}))
    connection = linked.select_related("company").order_by("-pk").first()
    return connection.company if connection else None


def _shown(value: object) -> str:
    return "" if value is None else str(value)
