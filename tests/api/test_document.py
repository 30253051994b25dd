"""The OpenAPI document says what there is, all of it, and its examples are true to it; and the pages that show it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from django.test import Client
from django.urls import URLPattern

from portal.api.models import Scope
from portal.api.openapi import document
from portal.api.operation import Tag, operation_of
from portal.api.urls import urlpatterns
from tests.api.contract import valid

METHODS = ("get", "post", "put", "patch", "delete")
Told = tuple[str, str, dict[str, Any]]


def operations() -> list[Told]:
    return [(path, method, one) for path, there in document()["paths"].items() for method, one in there.items()]


def ids(told: Told) -> str:
    return str(told[2]["operationId"])


def test_every_route_is_in_the_document_and_nothing_else() -> None:
    routes = set()
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        door = vars(pattern.callback)["view_class"]
        path = "/api/v1/" + re.sub(r"<(?:[a-z]+:)?([a-z_]+)>", r"{\1}", str(pattern.pattern))
        path = re.sub(r"_([a-z])", lambda match: match[1].upper(), path)
        routes |= {(path, method) for method in METHODS if operation_of(door, method.upper())}
    assert {(path, method) for path, method, _ in operations()} == routes


def test_ids_are_unique_and_scopes_are_named() -> None:
    found = [one["operationId"] for _, _, one in operations()]
    assert len(set(found)) == len(found)
    assert {scope for _, _, one in operations() for scope in one["security"][0]["token"]} <= set(Scope.values)


@pytest.mark.parametrize("told", operations(), ids=ids)
def test_each_operation_is_told_in_full(told: Told) -> None:
    path, method, one = told
    assert one["summary"]
    assert "Needs the scope" in one["description"]
    assert one["tags"][0] in [tag.value for tag in Tag]
    assert list(one["security"][0]) == ["token"]
    assert all(parameter["description"] for parameter in one.get("parameters", []))
    expected = {"400", "401", "403", "429", "500", "503"} | ({"404"} if "{" in path else set())
    expected |= {"409", "413", "422"} if method in ("post", "put", "patch") else set()
    expected |= {"413", "415"} if "requestBody" in one else set()
    assert expected <= set(one["responses"])
    (success,) = [status for status in one["responses"] if status.startswith("2")]
    answer = one["responses"][success]
    assert "X-Rate-Limit-Remaining" in answer["headers"]
    assert success == "204" or "example" in answer["content"]["application/json"]
    if "requestBody" in one:
        assert one["requestBody"]["required"]
        assert "example" in one["requestBody"]["content"]["application/json"]
    if method in ("post", "put", "patch"):
        assert "Idempotency-Key" in [parameter["name"] for parameter in one["parameters"]]


def test_every_example_is_what_its_schema_says() -> None:
    found = list(_examples(document()))
    assert len(found) > 40
    for schema, example in found:
        valid(schema, example)


def test_an_example_that_is_wrong_would_be_found() -> None:
    schema = {"$ref": "#/components/schemas/CompanyOfTenant"}
    example = next(example for found, example in _examples(document()) if found == schema)
    for wrong in ({**example, "status": "Lost"}, {**example, "colour": 1}, {"name": "A"}):
        with pytest.raises(AssertionError):
            valid(schema, wrong)


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(document())
    for reference in set(re.findall(r'"#/([^"]+)"', text)):
        place: Any = document()
        for part in reference.split("/"):
            place = place[part]
    used = set(re.findall(r"#/components/(?:schemas|responses)/(\w+)", text))
    there = {*document()["components"]["schemas"], *document()["components"]["responses"]}
    assert there == used


def test_tags_are_those_that_are_used_each_with_a_sentence() -> None:
    assert [one["name"] for one in document()["tags"]] == [
        tag.value for tag in Tag if tag.value in {one["tags"][0] for _, _, one in operations()}
    ]
    assert all(one["description"] for one in document()["tags"])


# --- where it is -----------------------------------------------------------------------------------------------------


def test_it_is_served_to_everybody_as_json_and_as_yaml() -> None:
    client = Client()
    as_json = client.get("/api/schema")
    assert (as_json.status_code, as_json.headers["Content-Type"]) == (200, "application/vnd.oai.openapi+json")
    assert json.loads(as_json.content) == document()
    for response in (
        client.get("/api/schema?format=yaml"),
        client.get("/api/schema", headers={"accept": "application/vnd.oai.openapi+yaml"}),
    ):
        assert response.headers["Content-Type"] == "application/vnd.oai.openapi"
        assert yaml.safe_load(response.content) == document()
    assert client.get("/api/schema?format=xml").status_code == 400
    assert client.post("/api/schema").status_code == 405


@pytest.mark.django_db
def test_the_page_to_try_it_needs_nothing_from_elsewhere() -> None:
    response = Client().get("/api/docs")
    page = response.content.decode()
    assert response.status_code == 200
    assert "script-src" not in response.headers["Content-Security-Policy"]
    assert response.headers["Content-Security-Policy"].startswith("default-src 'self'; img-src 'self' data:;")
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"\bon\w+=|style=", page)
    assert all(source.startswith("/static/") for source in re.findall(r'<script src="([^"]+)"', page))


def _examples(part: Any) -> Iterator[tuple[dict[str, Any], Any]]:
    if isinstance(part, dict):
        if "example" in part and "schema" in part:
            yield part["schema"], part["example"]
        for inner in part.values():
            yield from _examples(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _examples(inner)
