"""The form with which somebody makes an account: with an organisation of their own, or with an invitation."""

from __future__ import annotations

from typing import Any, Final

from allauth.account.adapter import get_adapter
from allauth.account.forms import SignupForm
from allauth.account.utils import setup_user_email
from allauth.core.exceptions import ImmediateHttpResponse
from django import forms
from django.contrib.auth.models import User
from django.core.validators import MaxLengthValidator
from django.db import IntegrityError
from django.db.transaction import atomic
from django.http import HttpRequest
from django.shortcuts import redirect

from portal.events.services import tell
from portal.tenants.adapter import open_invitation
from portal.tenants.address_form import call_it
from portal.tenants.inviting import accept
from portal.tenants.membership import found
from portal.tenants.naming import DEFAULT_ZONE, clean_organisation, zone_choices
from portal.tenants.refusing import Refused

LONGEST_ADDRESS: Final = 254
EMAIL_HELP: Final = "We send a link to it, to know that it is yours. You log in with it."
INVITED_HELP: Final = "Your invitation was sent here, so it is known to be yours."
NAME_HELP: Final = "Your company or group. You add its companies afterwards."
ZONE_HELP: Final = "Times on its pages are shown in it."


class SignUpForm(SignupForm):  # type: ignore[misc]
    """An address, a password, and the organisation; with an open invitation the address is fixed and there is no
    organisation to found. The user, the tenant and the membership are made together or not at all."""

    field_order = ("organisation", "time_zone", "email", "password1")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.invitation = open_invitation(get_adapter().request)
        super().__init__(*args, **kwargs)
        email = self.fields["email"]
        call_it(email)
        email.validators.append(MaxLengthValidator(LONGEST_ADDRESS))  # allauth would cut a longer one off
        if self.invitation is None:
            self.fields |= {"organisation": _organisation(), "time_zone": _time_zone()}
            email.help_text = EMAIL_HELP
        else:
            email.initial, email.disabled, email.help_text = self.invitation.email, True, INVITED_HELP
        self.order_fields(self.field_order)

    def clean_organisation(self) -> str:
        """Tidied up."""
        return clean_organisation(self.cleaned_data["organisation"])

    def try_save(self, request: HttpRequest) -> tuple[User | None, Any]:
        """The user, or the answer that says nothing about an account that is there already; also when the other of two
        sign-ups with one address was quicker. An invitation that was used up meanwhile leads back to its page."""
        try:
            return super().try_save(request)  # type: ignore[no-any-return]
        except Refused:
            raise ImmediateHttpResponse(redirect("desk:invitation")) from None
        except IntegrityError:
            self.account_already_exists = True
            return super().try_save(request)  # type: ignore[no-any-return]

    def save(self, request: HttpRequest) -> User:
        """All in one transaction, which does not last while the password is hashed.

        Raises `Refused` when the invitation is not open any more, and `IntegrityError` when the address is taken.
        """
        adapter = get_adapter()
        user: User = adapter.save_user(request, adapter.new_user(request), self, commit=False)
        if self.invitation is not None:
            adapter.stash_verified_email(request, self.invitation.email)
        with atomic():
            user.save()
            if setup_user_email(request, user, []) is None:
                # Whoever has no address to prove would be let in without a proof.
                raise IntegrityError("Somebody else signed up with this address a moment ago.")
            self._settle(user)
        return user

    def _settle(self, user: User) -> None:
        chosen = self.cleaned_data
        invitation = self.invitation
        tenant = invitation.tenant if invitation else found(user, chosen["organisation"], chosen["time_zone"])
        message = f"{user} signed up for {tenant}, {'with' if invitation else 'without'} an invitation."
        tell("person.signed_up", message, who=user.get_username(), subject=user, tenant_id=tenant.pk)
        if invitation is not None:
            accept(invitation, user)


def _organisation() -> forms.CharField:
    return forms.CharField(label="Organisation", max_length=200, help_text=NAME_HELP, widget=_text("organization"))


def _time_zone() -> forms.ChoiceField:
    return forms.ChoiceField(label="Time zone", choices=zone_choices(), initial=DEFAULT_ZONE, help_text=ZONE_HELP)


def _text(autocomplete: str) -> forms.TextInput:
    return forms.TextInput(attrs={"autocomplete": autocomplete})
