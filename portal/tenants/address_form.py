"""The form with which people change their address."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import AddEmailForm
from allauth.account.models import EmailAddress
from django.http import HttpRequest


class AddressForm(AddEmailForm):  # type: ignore[misc]
    """The address that counts stays until the new one is proved, also where staff entered it and nobody proved it:
    allauth would take that one for a change under way, and replace it at once."""

    def save(self, request: HttpRequest) -> Any:
        """The new address, with its mail on the way."""
        mine = EmailAddress.objects.filter(user=self.user)
        if mine.filter(verified=True).exists():
            return super().save(request)
        mine.exclude(email=self.user.email.lower()).delete()
        return EmailAddress.objects.add_email(request, self.user, self.cleaned_data["email"], confirm=True)
