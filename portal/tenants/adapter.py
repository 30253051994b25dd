"""How people get in: allauth's adapter."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class InvitedOnly(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up alone yet: staff make the accounts."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
