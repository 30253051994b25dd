"""How people get in: allauth's adapter."""

from __future__ import annotations

import logging
from typing import Any, ClassVar, Final

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.contrib.sites.shortcuts import get_current_site
from django.http import HttpRequest
from django.urls import reverse

from portal.tenants.inviting import SESSION_KEY, Stand, stand, with_digest
from portal.tenants.models import Invitation
from portal.tenants.naming import free_username
from portal.tenants.verifying import remember_address

logger = logging.getLogger(__name__)

OPEN: Final = "open"
INVITED: Final = "invited"
STAGE: Final = "allauth.account.stages.EmailVerificationStage"
OUR_STAGE: Final = "portal.tenants.verifying.ProofOfNewcomers"
PROOFS: Final = frozenset(
    {
        "account/email/email_confirmation",
        "account/email/email_confirmation_signup",
        "account/email/account_already_exists",
    }
)
# allauth's own sentences say it in other words than our forms do.
WORDED: Final = {
    "email_password_mismatch": "This e-mail address and password are not correct together.",
    "username_password_mismatch": "This e-mail address and password are not correct together.",
    "duplicate_email": "This is your e-mail address already.",
    "email_taken": "Somebody has this e-mail address already.",
    "unknown_email": "Nobody here has this e-mail address.",
    "unverified_primary_email": "Your e-mail address has to be confirmed first.",
}
NOT_SENT: Final = "The mail could not be sent at this moment. Try again in a few minutes."


class People(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-up where the installation is open for it, or with an invitation. Usernames are made from addresses."""

    error_messages: ClassVar = {**DefaultAccountAdapter.error_messages, **WORDED}

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether a stranger may make an account."""
        return bool(settings.SIGN_UP == OPEN) or open_invitation(request) is not None

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """To the invitation that waits in this browser, else to the start page."""
        if open_invitation(request) is not None:
            return reverse("desk:invitation")
        return str(super().get_login_redirect_url(request))

    def get_login_stages(self) -> list[str]:
        """allauth's steps, with our rule of who must prove an address."""
        return [OUR_STAGE if path == STAGE else path for path in super().get_login_stages()]

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """The address, so that the history says who it was."""
        user.username = user.username or free_username(user.email)

    def can_delete_email(self, email_address: Any) -> bool:
        """Nobody takes away the address that counts: without it a forgotten password is the end."""
        return bool(email_address.email.lower() != email_address.user.email.lower())

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send it. A mail server that is away is said to be so, and costs nobody what was typed in."""
        if template_prefix in PROOFS:
            remember_address(self.request, email)
        about = {"request": self.request, "email": email, "current_site": get_current_site(self.request)}
        message = self.render_mail(template_prefix, email, {**about, **context})
        try:
            message.send()
        except Exception as error:  # noqa: BLE001 - mail servers fail in their own ways, and none of them may stop a person
            logger.warning("people: a mail could not be sent: %s", type(error).__name__)
            messages.error(self.request, NOT_SENT)


def open_invitation(request: HttpRequest) -> Invitation | None:
    """The invitation whose link was opened in this browser, while it is open."""
    invitation = with_digest(str(request.session.get(SESSION_KEY, "")))
    return invitation if invitation is not None and stand(invitation) is Stand.OPEN else None
