"""People of the staff site, and a world for them to look at."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from tests.admin.world import World, build
from tests.factories import StaffFactory, UserFactory


@pytest.fixture
def world(db: None) -> World:
    """Rows of every kind."""
    return build()


@pytest.fixture
def boss(db: None) -> User:
    """A superuser."""
    user: User = StaffFactory.create(username="sam")
    return user


@pytest.fixture
def staff(client: Client, boss: User) -> Client:
    """A browser in which a superuser is logged in."""
    client.force_login(boss)
    return client


@pytest.fixture
def staff_with(db: None) -> Callable[..., Client]:
    """A browser of a staff member with just these permissions, such as `postings.view_posting`."""

    def log_in(*names: str) -> Client:
        user = UserFactory.create(is_staff=True)
        for name in names:
            app_label, codename = name.split(".")
            user.user_permissions.add(Permission.objects.get(content_type__app_label=app_label, codename=codename))
        browser = Client()
        browser.force_login(user)
        return browser

    return log_in
