"""The addresses of a source that was unlinked are shut: what is sent to them is refused, and its sender keeps it."""

from __future__ import annotations

from django.db.transaction import atomic

from portal.connections.models import Connection, Endpoint
from portal.events.services import tell


def shut_addresses(connection: Connection, *, who: str) -> int:
    """Shut every open address of a connection, and say how many were open. A second time changes nothing."""
    with atomic():
        shut = Endpoint.objects.filter(connection=connection, is_active=True).update(is_active=False)
        if shut:
            company = connection.company
            tell(
                "endpoint.shut", f"{shut} address{'' if shut == 1 else 'es'} of {connection} were shut.", who=who,
                subject=connection, tenant_id=company.tenant_id, company_id=company.pk, shut=shut,
            )  # fmt: skip
    return shut
