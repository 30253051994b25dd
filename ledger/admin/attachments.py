"""Files of entries: the table of them, and how one is taken away."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import content_disposition_header

from ledger.admin.base import Table
from ledger.models import Attachment, Entry
from ledger.services.dates import spoken

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

DOWNLOAD = "ledger_attachment"


def attachments_table(entry: Entry) -> Table:
    """The files with what is known of each, and a link that takes it away. Empty rows where there is none."""
    rows: list[tuple[object, ...]] = [
        (_linked(one), one.content_type, f"{one.size:,}", _moment(one))
        for one in entry.attachments.order_by("id").defer("content")
    ]
    return Table(("File", "Type", "Bytes", "Attached at"), rows, (2,))


def download(entry_id: int, attachment_id: int) -> HttpResponse:
    """The file as a download. Whatever its sender called its type, no browser is to open it here."""
    one = get_object_or_404(Attachment, pk=attachment_id, entry_id=entry_id)
    disposition = content_disposition_header(as_attachment=True, filename=one.name)
    headers = {"Content-Disposition": disposition or "attachment", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(bytes(one.content), content_type="application/octet-stream", headers=headers)


def _linked(one: Attachment) -> SafeString:
    address = reverse(f"admin:{DOWNLOAD}", args=[one.entry_id, one.pk])
    return format_html('<a href="{}">{}</a>', address, one.name)


def _moment(one: Attachment) -> str:
    at = one.attached_at.astimezone(UTC)
    return f"{spoken(at)} {at:%H:%M} UTC"
