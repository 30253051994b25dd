"""What came in, as staff read it: the raw body, nothing added, nothing run."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.intake.models import Delivery, Verdict
from tests.admin.world import PASTED_TOKEN, World

pytestmark = pytest.mark.django_db


def page(delivery: Delivery, name: str = "change") -> str:
    return reverse(f"admin:intake_delivery_{name}", args=[delivery.pk])


def with_body(delivery: Delivery, body: bytes) -> Delivery:
    Delivery.objects.filter(pk=delivery.pk).update(body=body)
    delivery.refresh_from_db()
    return delivery


def test_verdict_reason_field_answer_headers_and_the_way_on(staff: Client, world: World) -> None:
    refused = Delivery.objects.get(verdict=Verdict.UNREADABLE)
    text = staff.get(page(refused)).content.decode()
    assert "The totals do not agree with the lines." in text
    assert "<dd>Gross</dd>" in text
    assert "Nothing was booked." in text
    assert "<td>x-api-compleat-token</td><td>***</td>" in text
    assert PASTED_TOKEN not in text
    accepted = staff.get(page(world.delivery)).content.decode()
    assert reverse("admin:postings_transaction_change", args=[world.delivery.transaction_id]) in accepted


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"Gross":120.00,"Gross":1e2}', "{\n  &quot;Gross&quot;: 120.00,\n  &quot;Gross&quot;: 1e2\n}"),
        (b'{"a":"<script>alert(1)</script>"}', "&lt;script&gt;alert(1)&lt;/script&gt;"),
        (b"", "(an empty body)"),
        (b"not json at all", "not json at all"),
        (b"\xff\xfe{", "\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}{"),
        (b"[" * 10_000, "[" * 10_000),
        (b'{"a": "open', "{&quot;a&quot;: &quot;open"),
    ],
)
def test_the_body_is_shown_as_it_came(staff: Client, world: World, body: bytes, shown: str) -> None:
    text = staff.get(page(with_body(world.delivery, body))).content.decode()
    assert shown in text
    assert "<script>alert" not in text


def test_a_huge_body_is_cut_on_the_page_and_whole_in_the_file(staff: Client, world: World) -> None:
    body = b'{"a":"' + b"x" * 1_900_000 + b'"}'
    delivery = with_body(world.delivery, body)
    shown = staff.get(page(delivery))
    assert "[cut here: 1,900,008 characters in all]" in shown.content.decode()
    assert len(shown.content) < 300_000
    assert staff.get(page(delivery, "body")).content == body


def test_the_file_is_the_bytes_and_no_browser_runs_them(staff: Client, world: World) -> None:
    body = b"<html><script>alert(1)</script>"
    response: Any = staff.get(page(with_body(world.delivery, body), "body"))
    assert response.content == body
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Disposition"] == f'attachment; filename="delivery-{world.delivery.pk}.json"'
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_refused_calls_show_header_names(staff: Client, world: World) -> None:
    text = staff.get(f"/admin/intake/refusedcalls/?q={world.endpoint.pk}").content.decode()
    assert "host, x-company-token" in text
