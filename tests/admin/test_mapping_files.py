"""Files into the tables of a mapping and out of them, in the staff site."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from portal.connections.models import Connection
from portal.events.models import AuditEvent
from portal.reference import upload_form
from portal.reference.models import MappedCode, TableUpload
from tests.factories import DemoConnectionFactory

pytestmark = pytest.mark.django_db
HEAD = "Family,Source code,Accounting code,Note\n"
GOOD = HEAD + "account,5010,7100,Venue\naccount,5020,7200,\ntax,T1,A,\n"


@pytest.fixture
def demo(db: None) -> Connection:
    made: Connection = DemoConnectionFactory.create()
    MappedCode.objects.create(connection=made, family="account", source_code="5010", accounting_code="7000")
    MappedCode.objects.create(connection=made, family="tax", source_code="T1", accounting_code="A")
    return made


def page(connection: Connection, name: str = "import_rows") -> str:
    return reverse(f"admin:reference_codemapping_{name}", args=[connection.pk])


def upload(client: Client, connection: Connection, content: str | bytes, family: str = "", follow: bool = True) -> Any:
    data = content.encode() if isinstance(content, str) else content
    file = SimpleUploadedFile("codes.csv", data, content_type="text/csv")
    return client.post(page(connection), {"file": file, "family": family}, follow=follow)


def test_a_file_is_shown_with_its_counts_then_taken(staff: Client, demo: Connection) -> None:
    preview = upload(staff, demo, GOOD)
    text = unescape(preview.content.decode())
    assert "Codes added: 1. Codes changed: 1. All of them in one go." in text
    for label, count in (("New", 1), ("Changed", 1), ("Same", 1), ("Bad", 0)):
        assert f"<dt>{label}</dt><dd>{count}</dd>" in text
    assert "<td>account code</td><td>5010</td><td>7000</td><td>7100</td>" in text
    assert MappedCode.objects.count() == 2
    question = preview.context["question"]
    done = staff.post(page(demo), {"confirmed": "yes", **dict(question.hidden)}, follow=True)
    assert "Codes added: 1. Changed: 1. The same already: 1." in done.content.decode()
    assert MappedCode.objects.get(connection=demo, source_code="5010").accounting_code == "7100"
    assert MappedCode.objects.count() == 3
    assert [(event.verb, event.who) for event in AuditEvent.objects.all()] == [("mapping.imported", "sam")]


def test_bad_lines_are_told_with_their_number_and_nothing_can_be_confirmed(staff: Client, demo: Connection) -> None:
    preview = upload(staff, demo, GOOD + "acount,1,2,\naccount,,2,\n")
    text = unescape(preview.content.decode())
    assert "Lines that cannot be taken: 2. So nothing is." in text
    assert '<td class="numeric">5</td><td>“acount” is no family' in text
    assert '<td class="numeric">6</td><td>The source code is empty.</td>' in text
    assert 'type="submit" class="default' not in text
    forced = staff.post(page(demo), {"confirmed": "yes", "stamp": dict(preview.context["question"].hidden)["stamp"]})
    assert forced.status_code == 302
    assert MappedCode.objects.count() == 2


def test_a_file_with_nothing_new_has_nothing_to_confirm(staff: Client, demo: Connection) -> None:
    preview = upload(staff, demo, HEAD + "tax,T1,A,\n")
    assert "there is nothing to import" in preview.content.decode()
    assert preview.context["question"].submit == ""


def test_a_family_can_be_given_for_the_whole_file(staff: Client, demo: Connection) -> None:
    preview = upload(staff, demo, "Source code;Accounting code\nCROWN01;S-17\n", "supplier")
    staff.post(page(demo), {"confirmed": "yes", **dict(preview.context["question"].hidden)})
    assert MappedCode.objects.get(family="supplier").accounting_code == "S-17"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "The submitted file is empty."),
        ("Grüße".encode("latin-1"), "It is no text in UTF-8."),
        (b"a\x00b", "It is no text in UTF-8."),
    ],
)
def test_what_is_no_text_is_refused(staff: Client, demo: Connection, content: bytes, problem: str) -> None:
    answer = upload(staff, demo, content, follow=False)
    assert problem in unescape(str(answer.context["form"].errors["file"]))
    assert not TableUpload.objects.exists()


def test_a_file_that_is_too_long_is_refused(staff: Client, demo: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_form, "MOST_BYTES", 10)
    assert "split the file" in str(upload(staff, demo, GOOD, follow=False).context["form"].errors["file"])


def test_a_table_that_moved_meanwhile_is_shown_again(staff: Client, demo: Connection) -> None:
    preview = upload(staff, demo, GOOD)
    MappedCode.objects.filter(source_code="5010").update(accounting_code="7100", note="Venue")
    again = staff.post(page(demo), {"confirmed": "yes", **dict(preview.context["question"].hidden)}, follow=True)
    text = again.content.decode()
    assert "The tables have changed since this was shown." in text
    assert "Codes added: 1. Codes changed: 0." in text
    assert not MappedCode.objects.filter(source_code="5020").exists()


def test_an_export_is_taken_away_and_comes_back_the_same(staff: Client, demo: Connection) -> None:
    MappedCode.objects.create(connection=demo, family="dimension:team", source_code="=A", accounting_code="-1")
    answer = staff.get(page(demo, "export"))
    assert answer["Content-Disposition"] == f'attachment; filename="mapping-{demo.pk}.csv"'
    text = answer.content.decode()
    assert "dimension:team,'=A,'-1,\r\n" in text
    assert upload(staff, demo, text).context["question"].submit == ""


def test_files_need_their_rights(demo: Connection, staff_with: Callable[..., Client]) -> None:
    viewer = staff_with("reference.view_codemapping")
    assert viewer.get(page(demo, "export")).status_code == 200
    assert viewer.get(page(demo)).status_code == 403
    assert upload(viewer, demo, GOOD).status_code == 403
    may = staff_with("reference.view_codemapping", "reference.change_mappedcode")
    assert "Codes added: 1." in upload(may, demo, GOOD).content.decode()
