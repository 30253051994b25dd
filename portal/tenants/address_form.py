"""The forms in which people type an address: it is called the same in all of them."""

from __future__ import annotations

from typing import Any, Final

from allauth.account.forms import AddEmailForm, LoginForm, ResetPasswordForm
from allauth.account.models import EmailAddress
from django import forms
from django.http import HttpRequest

ADDRESS: Final = "E-mail address"
OR_A_NAME: Final = "Or your username, if our support gave you one."


def call_it(field: forms.Field, label: str = ADDRESS) -> None:
    """Give a field of allauth's our word for it; a placeholder would say it once more, in theirs."""
    field.label = label
    field.widget.attrs.pop("placeholder", None)


class LogInForm(LoginForm):  # type: ignore[misc]
    """The address, which is what everybody logs in with; a username that staff gave somebody is taken as well."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        call_it(self.fields["login"])
        self.fields["login"].help_text = OR_A_NAME
        call_it(self.fields["password"], "Password")


class ForgottenForm(ResetPasswordForm):  # type: ignore[misc]
    """Where the link goes with which a new password is chosen."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        call_it(self.fields["email"])


class AddressForm(AddEmailForm):  # type: ignore[misc]
    """The address that counts stays until the new one is proved, also where staff entered it and nobody proved it:
    allauth would take that one for a change under way, and replace it at once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        call_it(self.fields["email"])

    def save(self, request: HttpRequest) -> Any:
        """The new address, with its mail on the way."""
        mine = EmailAddress.objects.filter(user=self.user)
        if mine.filter(verified=True).exists():
            return super().save(request)
        mine.exclude(email=self.user.email.lower()).delete()
        return EmailAddress.objects.add_email(request, self.user, self.cleaned_data["email"], confirm=True)
