"""What was linked before anybody could be asked counts as confirmed."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from portal.connections.models import Connection, Status
from tests.connections.test_mapping_migration import back_again, migrated
from tests.factories import DemoConnectionFactory

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]
__all__ = ["back_again"]


@pytest.mark.usefixtures("back_again")
def test_what_is_linked_or_lost_its_access_is_confirmed_and_nothing_else_is() -> None:
    now, made = timezone.now(), {}
    for status in Status:
        row = DemoConnectionFactory.create(status=status)
        Connection.objects.filter(pk=row.pk).update(linked_at=now if status == Status.LINKED else None)
        made[status] = row
    migrated(("connections", "0005_access"))
    migrated(("connections", "0006_confirmed"))
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    found = {status: Connection.objects.get(pk=row.pk).confirmed_at for status, row in made.items()}
    assert found == {
        Status.BLANK: None, Status.PENDING_AUTH: None, Status.UNLINKED: None, Status.LINKED: now,
        Status.DEAUTHORISED: made[Status.DEAUTHORISED].created_at,
    }  # fmt: skip
