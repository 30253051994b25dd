"""Tenants, their owners, invitations and second factors, for the tests about people."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import mail
from django.db import connections

from portal.tenants.inviting import Sent, invite
from portal.tenants.models import Invitation, Member, Role
from tests.factories import MemberFactory


def an_owner(tenant: Any = None, **user: Any) -> Member:
    """An owner of a tenant, a new one unless given."""
    given = {"tenant": tenant} if tenant else {}
    member: Member = MemberFactory.create(**given, **{f"user__{name}": value for name, value in user.items()})
    return member


def invited(owner: Member, email: str = "kim@example.org", role: Role = Role.OPERATOR) -> tuple[Invitation, str]:
    """Somebody invited by an owner, and the token of the mail."""
    sent: Sent = invite(owner.tenant, email, role, by=owner.user)
    return sent.invitation, token_in_the_last_mail()


def token_in_the_last_mail() -> str:
    """What the link carries."""
    found = re.search(r"/invitation/\?token=(\S+)", str(mail.outbox[-1].body))
    assert found is not None
    return found[1]


def with_app(user: Any) -> str:
    """Give the user an authenticator app; its secret."""
    secret: str = generate_totp_secret()
    TOTP.activate(user, secret)
    assert Authenticator.objects.filter(user=user).count() == 1
    return secret


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """Run them in as many threads, which begin together; what each gave, or the error that it raised."""
    together, results = threading.Barrier(len(actions), timeout=10), list[Any]()

    def run(action: Callable[[], Any]) -> None:
        together.wait()
        try:
            results.append(action())
        except Exception as error:  # noqa: BLE001 - what was raised is the result
            results.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results
