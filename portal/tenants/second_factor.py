"""Who must log in with a second factor, and what is kept of one."""

from __future__ import annotations

from typing import Any, Final

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from portal.fields import seal, unseal
from portal.tenants.models import Company, Member, Role, Tenant

OFFERED: Final = "offered"
SEALED: Final = "v1:"
PLACE: Final = "mfa.authenticator|data"


def is_required() -> bool:
    """Whether this installation asks for a second factor where it matters."""
    return bool(settings.SECOND_FACTOR != OFFERED)


def needs_second_factor(user: Any) -> bool:
    """Whether this user must set one up before going on: staff, and owners of a tenant with a live company."""
    if not is_required() or not user.is_authenticated or has_second_factor(user):
        return False
    return bool(user.is_staff) or _owned_and_live(user).exists()


def would_need_second_factor(user: Any, tenant: Tenant) -> bool:
    """Whether this user must set one up once a company of the tenant is live: for the page that goes live."""
    if not is_required() or has_second_factor(user):
        return False
    return Member.objects.filter(user__pk=user.pk, tenant=tenant, role=Role.OWNER).exists()


def has_second_factor(user: Any) -> bool:
    """Whether this user logs in with more than a password. Recovery codes alone are none."""
    return bool(_factors().filter(user__pk=user.pk).exists())


def with_second_factor(user: str = "user") -> Exists:
    """The same for a query: `user` is the path to the user's id."""
    return Exists(_factors().filter(user=OuterRef(user)))


def why_needed(user: Any) -> str:
    """The reason for a person, one sentence; empty where none is needed."""
    if not needs_second_factor(user):
        return ""
    if user.is_staff:
        return "Staff log in with a second factor here. Set one up now, then go on."
    return "A company of yours is live, so its owners log in with a second factor. Set one up now, then go on."


class SealedSecrets(DefaultMFAAdapter):  # type: ignore[misc]
    """What second factors are made of is encrypted at rest, and the QR code is markup that a page can hold."""

    def encrypt(self, text: str) -> str:
        """As every other secret. The row is not known here, so it is bound to the kind of row."""
        return str(seal(text, PLACE))

    def decrypt(self, encrypted_text: str) -> str:
        """The secret. One that was kept before secrets were encrypted is what it is."""
        return unseal(encrypted_text, PLACE) if encrypted_text.startswith(SEALED) else encrypted_text

    def build_totp_svg(self, url: str) -> str:
        """The QR code as an `svg` element: the policy of our pages has no place for an image out of nowhere."""
        drawn = super().build_totp_svg(url)
        return str(drawn[drawn.index("<svg") :])


def _factors() -> Any:
    return Authenticator.objects.exclude(type=Authenticator.Type.RECOVERY_CODES)


def _owned_and_live(user: Any) -> Any:
    now = timezone.now()
    live = Company.objects.filter(live_at__lte=now).filter(Q(closed_at=None) | Q(closed_at__gt=now))
    return live.filter(tenant__members__user__pk=user.pk, tenant__members__role=Role.OWNER)
