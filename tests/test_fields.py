"""Secrets at rest: unreadable in the database, bound to their row, readable with an older key."""

from __future__ import annotations

import base64

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection as database
from pytest_django import Settings

from portal.connections.models import Connection
from portal.fields import Undecryptable, key_ring, seal, unseal
from tests.factories import DemoConnectionFactory

pytestmark = [pytest.mark.engine]
NEW_KEY = "k2:" + base64.b64encode(b"n" * 32).decode()


def stored(row: Connection) -> str:
    """The column as it stands in the database."""
    with database.cursor() as cursor:
        cursor.execute("SELECT secrets FROM connections_connection WHERE id = %s", [_id(row)])
        return str(cursor.fetchone()[0])


def _id(row: Connection) -> str:
    return row.pk.hex if database.vendor == "sqlite" else str(row.pk)


@pytest.mark.django_db
class TestEncryptedField:
    def test_the_database_holds_no_secret_and_the_row_reads_it(self) -> None:
        row = DemoConnectionFactory.create(secrets={"token": "s3cret-value"})
        assert "s3cret-value" not in stored(row)
        assert stored(row).startswith("v1:k1:")
        assert Connection.objects.get().secrets == {"token": "s3cret-value"}

    def test_a_ciphertext_copied_to_another_row_is_refused(self) -> None:
        first = DemoConnectionFactory.create(secrets={"token": "of the first"})
        second = DemoConnectionFactory.create(secrets={"token": "of the second"})
        with database.cursor() as cursor:
            cursor.execute("UPDATE connections_connection SET secrets = %s WHERE id = %s", [stored(first), _id(second)])
        with pytest.raises(Undecryptable, match="changed or moved"):
            _ = Connection.objects.get(pk=second.pk).secrets

    def test_an_older_key_still_reads_and_the_first_one_writes(self, settings: Settings) -> None:
        row = DemoConnectionFactory.create(secrets={"token": "old"})
        settings.FIELD_KEYS = [NEW_KEY, *settings.FIELD_KEYS]
        row = Connection.objects.get(pk=row.pk)
        assert row.secrets == {"token": "old"}
        row.save()
        assert stored(row).startswith("v1:k2:")
        assert Connection.objects.get(pk=row.pk).secrets == {"token": "old"}

    def test_a_missing_key_is_an_error_and_never_the_ciphertext(self, settings: Settings) -> None:
        row = DemoConnectionFactory.create(secrets={"token": "old"})
        settings.FIELD_KEYS = [NEW_KEY]
        with pytest.raises(Undecryptable, match="No key 'k1'"):
            _ = Connection.objects.get(pk=row.pk).secrets

    def test_it_is_neither_searched_nor_bulk_updated(self) -> None:
        DemoConnectionFactory.create()
        with pytest.raises(TypeError, match="encrypted"):
            Connection.objects.update(secrets={"token": "x"})
        with pytest.raises(TypeError, match="encrypted"):
            Connection.objects.filter(secrets={"token": "x"}).exists()


def test_the_place_is_part_of_the_seal() -> None:
    sealed = seal("plain", "here")
    assert unseal(sealed, "here") == "plain"
    with pytest.raises(Undecryptable):
        unseal(sealed, "there")


@pytest.mark.parametrize("keys", [[], ["k1"], ["k1:not base64"], ["k1:c2hvcnQ="], [":" + "A" * 43 + "="]])
def test_a_bad_key_ring_is_refused(settings: Settings, keys: list[str]) -> None:
    settings.FIELD_KEYS = keys
    with pytest.raises(ImproperlyConfigured, match="FIELD_KEYS"):
        key_ring()
