"""`manage.py accountsiq`: single calls of AccountsIQ's interface, for support work."""

from __future__ import annotations

from portal.operations.calling import CallCommand


class Command(CallCommand):
    """Every call that the connector knows."""

    slug = "accountsiq"
    help = "List the calls of AccountsIQ's interface, or carry one out for a connection."
