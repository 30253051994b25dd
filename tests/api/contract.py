"""Every answer that a test gets is held to the OpenAPI document: its status, its headers, and each member of it."""

from __future__ import annotations

import copy
import json
import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from portal.api.openapi import document

WHERE = "urn:document"
COMMON = ("X-Request-ID", "X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset")


def hold(method: str, path: str, response: Any) -> None:
    """Fail where an answer is not what the document says. What is no route is only held to the shape of errors."""
    assert "X-Request-ID" in response.headers
    told = _operation(method, path)
    if told is None:
        _valid({"$ref": "#/components/schemas/ErrorBody"}, json.loads(response.content))
        return
    status = str(response.status_code)
    assert status in told["responses"], f"{method} {path} answers {status}, which is not in the document"
    answer = _resolved(told["responses"][status])
    for name in COMMON if status != "401" else ():
        assert name in response.headers
        assert name in answer["headers"]
    if method == "HEAD":
        return
    content = answer.get("content", {}).get("application/json")
    if content is None:
        assert response.content == b""
        return
    assert response.headers["Content-Type"] == "application/json"
    _valid(content["schema"], json.loads(response.content))


def valid(schema: dict[str, Any], value: Any) -> None:
    """Whether a value is what a schema of the document says."""
    _valid(schema, value)


@cache
def closed() -> dict[str, Any]:
    """The document, with no member in any answer beside those that it names."""
    whole = copy.deepcopy(document())
    for schema in whole["components"]["schemas"].values():
        if schema.get("type") == "object" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return whole


def _valid(schema: dict[str, Any], value: Any) -> None:
    registry: Registry[Any] = Registry().with_resource(WHERE, DRAFT202012.create_resource(closed()))
    validator = Draft202012Validator(_anchored(schema), registry=registry, format_checker=FormatChecker())
    problems = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]
    assert not problems, "\n".join(problems)


def _anchored(schema: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(schema).replace('"#/', f'"{WHERE}#/')
    made: dict[str, Any] = json.loads(text)
    return made


def _resolved(answer: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in answer:
        return answer
    found: dict[str, Any] = closed()
    for part in answer["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def _operation(method: str, path: str) -> dict[str, Any] | None:
    name = "get" if method == "HEAD" else method.lower()
    for template, methods in _templates():
        if template.fullmatch(path.partition("?")[0]):
            found: dict[str, Any] | None = methods.get(name)
            return found
    return None


@cache
def _templates() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    """Those without a variable first: `data/history` is not `data/{dataType}`. A caller's key may hold slashes."""
    paths = sorted(closed()["paths"].items(), key=lambda item: item[0].count("{") - item[0].count("/") / 100)
    return [(_pattern(template), methods) for template, methods in paths]


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"(\{\w+\})", template)
    made = [_variable(part) if part.startswith("{") else re.escape(part) for part in parts]
    return re.compile("".join(made))


def _variable(part: str) -> str:
    return ".+" if part == "{key}" else "[^/]+"
