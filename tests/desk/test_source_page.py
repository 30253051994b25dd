"""The page of iCompleat: its form, the test, and what of it is never shown."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.urls import reverse

from portal.connections.models import Connection, Side, Status
from portal.events.models import AuditEvent
from tests.desk.scene import Scene
from tests.desk.there import KEY, NAME, There
from tests.factories import SourceConnectionFactory

pytestmark = pytest.mark.engine


def address(scene: Scene, name: str = "source") -> str:
    return reverse(f"desk:{name}", args=[scene.company.pk])


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def errors(body: str) -> dict[str, str]:
    """Every error that stands at a field, by the field."""
    found = re.findall(r'<p class="error" id="field-(\w+)_error"[^>]*>([^<]*)</p>', body)
    return {name: text.strip() for name, text in found if text.strip()}


def source_of(scene: Scene) -> Connection:
    return Connection.objects.get(company=scene.company, side=Side.SOURCE)


def test_the_form_is_made_from_what_the_connector_says_of_itself(scene: Scene) -> None:
    body = text_of(scene.client.get(address(scene)))
    plain, advanced = body.split('<details class="advanced">')
    assert re.findall(r'<label for="field-(\w+)"', plain) == [
        "setting__base_url", "setting__tenant_id", "setting__company_id", "secret__security_key",
    ]  # fmt: skip
    assert "The vendor does not publish these." in advanced
    assert '<select name="setting__single_edits"' in advanced
    assert '<textarea name="setting__paths"' in advanced
    assert "Link iCompleat first" in plain
    assert "Open the missing addresses" not in body


def test_a_test_says_who_answers_and_keeps_nothing(scene: Scene, there: There) -> None:
    response = scene.client.post(address(scene, "source-test"), there.form(), headers={"HX-Request": "true"})
    body = text_of(response)
    assert f"iCompleat answers as <strong>{NAME}</strong>" in body
    assert "<html" not in body
    assert errors(body) == {}
    assert not Connection.objects.filter(side=Side.SOURCE).exists()


def test_a_test_without_scripts_shows_the_whole_page_and_no_secret(scene: Scene, there: There) -> None:
    body = text_of(scene.client.post(address(scene, "source-test"), there.form()))
    assert f"iCompleat answers as <strong>{NAME}</strong>" in body
    assert there.company_id in body
    assert KEY not in body


@pytest.mark.parametrize(
    "changes,field",
    [
        ({"setting__company_id": "9d4bb975-eade-42fd-a064-bf448e493c1e"}, "setting__company_id"),
        ({"secret__security_key": "another-key-than-theirs"}, "secret__security_key"),
        ({"setting__paths": "nonsense"}, "setting__paths"),
        ({"setting__single_edits": "perhaps"}, "setting__single_edits"),
        ({"setting__tenant_id": ""}, "setting__tenant_id"),
    ],
)
@pytest.mark.parametrize("name", ["source", "source-test"])
def test_what_is_wrong_stands_at_its_field_and_nothing_is_saved(
    scene: Scene, there: There, changes: dict[str, str], field: str, name: str
) -> None:
    body = text_of(scene.client.post(address(scene, name), {**there.form(), **changes}))
    assert list(errors(body)) == [field]
    assert "It does not work" in body
    assert "another-key-than-theirs" not in body
    assert not Connection.objects.filter(side=Side.SOURCE).exists()


def test_an_error_of_an_advanced_field_is_not_hidden(scene: Scene, there: There) -> None:
    body = text_of(scene.client.post(address(scene), there.form(paths="nonsense")))
    assert '<details class="advanced" open>' in body


def test_saving_links_the_company_under_the_name_that_answers(scene: Scene, there: There) -> None:
    response = scene.client.post(address(scene), there.form(), follow=True)
    saved = source_of(scene)
    assert response.redirect_chain == [(address(scene), 302)]
    assert (saved.status, saved.external_company_id, saved.external_company_name, saved.secrets) == (
        Status.LINKED, there.company_id, NAME, {"security_key": KEY},
    )  # fmt: skip
    body = text_of(response)
    assert f"Saved. iCompleat answers as {NAME}." in body
    assert KEY not in body
    assert AuditEvent.objects.get(verb="connection.linked").who == scene.user.username


def test_an_empty_secret_keeps_the_stored_one(scene: Scene, there: There) -> None:
    scene.client.post(address(scene), there.form())
    scene.client.post(address(scene), there.form(key="", single_edits="no"))
    saved = source_of(scene)
    assert (saved.settings["single_edits"], saved.secrets) == ("no", {"security_key": KEY})
    body = text_of(scene.client.get(address(scene)))
    assert "Stored, and never shown." in body
    assert KEY not in body


def test_a_connection_that_lost_its_access_is_linked_again_by_saving(scene: Scene, there: There) -> None:
    scene.client.post(address(scene), there.form())
    Connection.objects.filter(side=Side.SOURCE).update(status=Status.DEAUTHORISED)
    assert "iCompleat no longer accepts the security key." in text_of(scene.client.get(address(scene)))
    scene.client.post(address(scene), there.form(key=""))
    assert source_of(scene).status == Status.LINKED


def test_what_was_typed_is_shown_as_text(scene: Scene, there: There) -> None:
    body = scene.client.post(address(scene), there.form(company_id='"><script>alert(1)</script>')).content.decode()
    assert "<script>alert" not in body


def test_the_page_costs_as_many_queries_with_four_addresses_as_with_none(
    scene: Scene, django_assert_num_queries: Any
) -> None:
    SourceConnectionFactory.create(company=scene.company)
    client = scene.client
    for posted in (False, True):
        if posted:
            client.post(address(scene, "endpoints-open"))
            client.get(address(scene))
        with django_assert_num_queries(10 if posted else 8):
            assert client.get(address(scene)).status_code == 200
