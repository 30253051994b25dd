"""The names of accessplanit's fields: read from its own list, chosen from it, refused where they are not in it."""

from __future__ import annotations

import pytest

from portal.connections.field_lists import Sureness, parts
from portal.connections.models import Connection
from tests.desk.scene import Scene
from tests.desk.sources.platform import Platform
from tests.desk.sources.test_linking import address, text_of

pytestmark = pytest.mark.engine


def stored(connection: Connection) -> str:
    connection.refresh_from_db()
    return str(connection.settings["fields"])


def test_before_the_list_is_read_names_are_typed_and_unverified(scene: Scene, linked: Connection) -> None:
    body = text_of(scene.client.get(address(scene, "fed-fields")))
    assert "Its field list has not been read yet" in body
    assert 'type="text" name="transaction.method"' in body
    assert "Unverified: a guess until the field list has been read." in body
    assert "names of fields are not verified" in text_of(scene.client.get(address(scene)))


def test_names_are_chosen_from_the_list(scene: Scene, linked: Connection, platform: Platform) -> None:
    body = text_of(scene.client.post(address(scene, "fed-fields-read"), follow=True))
    assert "The field list was read:" in body
    assert '<select name="transaction.method"' in body
    response = scene.client.post(address(scene, "fed-fields"), {**chosen(linked), "transaction.method": "Reference"})
    assert response.status_code == 302
    assert "transaction.method = Reference" in stored(linked)


def test_a_name_that_is_not_in_the_list_is_refused(scene: Scene, linked: Connection) -> None:
    scene.client.post(address(scene, "fed-fields-read"))
    before = stored(linked)
    body = text_of(scene.client.post(address(scene, "fed-fields"), {**chosen(linked), "transaction.date": "Nothing"}))
    assert "Not saved" in body
    assert 'class="field field-wrong"' in body
    assert stored(linked) == before


def test_a_name_that_is_needed_cannot_be_left_out(scene: Scene, linked: Connection) -> None:
    body = text_of(scene.client.post(address(scene, "fed-fields"), {**chosen(linked), "transaction.amount": ""}))
    assert "Choose a name: nothing can be read without it." in body


def test_a_platform_that_cannot_be_asked_says_so(scene: Scene, linked: Connection, platform: Platform) -> None:
    platform.change(api_key="another")
    body = text_of(scene.client.post(address(scene, "fed-fields-read"), follow=True))
    assert "The field list was read" not in body
    linked.refresh_from_db()
    assert linked.status == "deauthorised"


def test_saving_the_settings_leaves_the_names(scene: Scene, linked: Connection, platform: Platform) -> None:
    scene.client.post(address(scene, "fed-fields"), {**chosen(linked), "transaction.method": "PaymentMethod"})
    scene.client.post(address(scene), platform.form(key="", start_date="2026-01-01"))
    linked.refresh_from_db()
    assert linked.settings["start_date"] == "2026-01-01"
    assert "transaction.method = PaymentMethod" in stored(linked)


def chosen(connection: Connection) -> dict[str, str]:
    """Everything as it is in force, but what the list does not have."""
    connection.refresh_from_db()
    every = [one for part in parts(connection) for one in part.names]
    return {one.asked.key: "" if one.sureness is Sureness.ABSENT else one.value for one in every}
