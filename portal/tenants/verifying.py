"""Who must prove an e-mail address before being let in."""

from __future__ import annotations

from typing import Any, Final

from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.models import EmailAddress
from allauth.account.stages import EmailVerificationStage
from django.http import HttpRequest

ADDRESS_KEY: Final = "address_to_prove"


class ProofOfNewcomers(EmailVerificationStage):  # type: ignore[misc]
    """allauth's step of the log-in, for those alone who signed up by themselves and were never let in before."""

    def handle(self) -> tuple[Any, bool]:
        """Nothing for whoever staff made on the server. A stranger (no user: nobody shall learn that) goes on."""
        user = self.login.user
        if user is not None and not must_prove(user):
            return None, True
        return super().handle()  # type: ignore[no-any-return]


def must_prove(user: Any) -> bool:
    """Whether this user waits for their first proof.

    Whoever was let in before is let in again: an address that is being changed locks nobody out. A user without any
    `EmailAddress` was made by staff.
    """
    if user.is_staff or user.last_login is not None:
        return False
    known = list(EmailAddress.objects.filter(user=user).values_list("verified", flat=True))
    return bool(known) and not any(known)


def remember_address(request: HttpRequest, email: str) -> None:
    """The address to which a proof was sent in this browser, whether it belongs to anybody or not."""
    request.session[ADDRESS_KEY] = email


def remembered_address(request: HttpRequest) -> str:
    """The address that waits for its proof in this browser; empty where none does."""
    return str(request.session.get(ADDRESS_KEY, ""))


def send_again(request: HttpRequest) -> bool:
    """Send the mail once more. False when one went out a moment ago, or none waits. It tells nobody whether there is
    an account: where there is one already, that is what the mail says."""
    email = remembered_address(request)
    if not email:
        return False
    waiting = EmailAddress.objects.filter(email=email, verified=False, user__last_login=None).first()
    return bool(
        send_verification_email_to_address(request, waiting or EmailAddress(user=None, email=email), signup=True)
    )
