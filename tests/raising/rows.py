"""A raised transaction and an API token for tests that only need there to be one."""

from __future__ import annotations

from django.utils import timezone

from portal.api.models import ApiToken, Scope
from portal.api.tokens import issue
from portal.postings.models import Posting
from portal.raising.models import Origin, Raised, Wish
from portal.tenants.models import Tenant
from tests.factories import DemoConnectionFactory, TenantFactory, accepted


def a_raised(posting: Posting | None = None) -> Raised:
    """The row around this posting, or around one with a company of its own."""
    into = posting or accepted(DemoConnectionFactory.create()).posting
    return Raised.objects.create(
        company=into.connection.company,
        caller_key=f"key-{into.pk}",
        content_hash="0" * 64,
        origin=Origin.UPLOAD,
        who="tests",
        posting=into,
        wish=Wish.DRAFT,
        created_at=timezone.now(),
    )


def a_token(tenant: Tenant | None = None) -> ApiToken:
    """A live token for everything, of a tenant of its own or this one."""
    return issue(tenant or TenantFactory.create(), "The shop", list(Scope), who="tests")[0]
