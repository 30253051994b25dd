"""The mail that brings an invitation."""

from __future__ import annotations

import logging
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from portal.tenants.models import Invitation

logger = logging.getLogger(__name__)

SUBJECT: Final = "Postroom: {tenant} invites you"


def send(invitation: Invitation, token: str) -> bool:
    """Send the link. False when the mail server did not take it: the invitation stands, and can be sent again."""
    context = {"invitation": invitation, "address": address(token), "base_url": settings.BASE_URL}
    message = EmailMultiAlternatives(
        SUBJECT.format(tenant=invitation.tenant)[:200],
        render_to_string("portal/tenants/invitation.txt", context),
        to=[invitation.email],
        headers={"Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(render_to_string("portal/tenants/invitation.html", context), "text/html")
    try:
        message.send()
    except Exception as error:  # noqa: BLE001 - mail servers fail in their own ways, and the invitation stands all the same
        logger.warning("invitations: a mail could not be sent: %s", type(error).__name__)
        return False
    return True


def address(token: str) -> str:
    """Where the link leads. The token is in the query, which no log of ours keeps."""
    return f"{settings.BASE_URL}{reverse('desk:invitation')}?{urlencode({'token': token})}"
