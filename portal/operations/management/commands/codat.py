"""`manage.py codat`: single calls of Codat's interface, for support work."""

from __future__ import annotations

from portal.operations.calling import CallCommand


class Command(CallCommand):
    """Every call that the connector knows."""

    slug = "codat"
    help = "List the calls of Codat's interface, or carry one out for a connection."
