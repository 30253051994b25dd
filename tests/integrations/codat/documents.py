"""The stripped OpenAPI documents of `contracts`: which calls there are, and what is wrong with a value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema
import referencing
import referencing.jsonschema

from integrations.exact import from_json

CONTRACTS: Final = Path(__file__).with_name("contracts")
# A later one wins: the documents of payables know more of a data type than the one of the platform.
_DOCUMENTS: Final = ("platform", "payables-asynchronous", "payables-synchronous", "by-hand")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a document: what it takes and gives. `path` has names in braces, `pattern` groups for them."""

    document: str
    method: str
    path: str
    pattern: re.Pattern[str]
    about: Mapping[str, Any]


@cache
def _contract(name: str) -> Any:
    return from_json((CONTRACTS / f"{name}.json").read_text())


@cache
def _registry() -> Any:
    resources = {name: referencing.jsonschema.DRAFT202012.create_resource(_contract(name)) for name in _DOCUMENTS}
    return referencing.Registry().with_resources((f"urn:{name}", one) for name, one in resources.items())


@cache
def calls() -> tuple[Call, ...]:
    """All calls; of two paths that both fit, the one with fewer names comes first."""
    found: dict[tuple[str, str], Call] = {}
    for document in _DOCUMENTS:
        for path, methods in _contract(document)["paths"].items():
            for method, about in methods.items():
                pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))
                found[method.upper(), path] = Call(document, method.upper(), path, pattern, about)
    return tuple(sorted(found.values(), key=lambda one: one.path.count("{")))


def faults_of(value: Any, schema: Mapping[str, Any], document: str, *, is_pushed: bool = False) -> Iterator[str]:
    """What is wrong with a value, each as the place and the words.

    `is_pushed`: a record on its way in need not have what every record that is read has, such as its totals.
    """
    absolute = _absolute(schema, document)
    # Its formats include GUIDs and addresses.
    judge = jsonschema.Draft202012Validator(
        absolute, registry=_registry(), format_checker=jsonschema.FormatChecker(("uuid",))
    )
    for error in judge.iter_errors(value):
        if is_pushed and error.validator == "required" and not error.absolute_path:
            continue
        yield f"{'/'.join(map(str, error.absolute_path)) or 'the whole'}: {error.message[:300]}"


def _absolute(schema: Any, document: str) -> Any:
    """The schema with references that name their document."""
    if isinstance(schema, list):
        return [_absolute(one, document) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        name: f"urn:{document}{one}" if name == "$ref" else _absolute(one, document) for name, one in schema.items()
    }


def unknown_members(value: Any, schema: Mapping[str, Any], document: str, place: str = "") -> Iterator[str]:
    """Members of objects that the schema does not know: most of them are misspelt."""
    parts = list(parts_of(schema, document))
    if isinstance(value, list):
        yield from _of_items(value, parts, document, place)
    if not isinstance(value, Mapping):
        return
    known = {name: member for part in parts for name, member in part.get("properties", {}).items()}
    if not known or any(part.get("additionalProperties") for part in parts):
        return
    for name, one in value.items():
        if name in known:
            yield from unknown_members(one, known[name], document, f"{place}/{name}")
        else:
            yield f"{place}/{name} is not in the schema"


def _of_items(value: list[Any], parts: list[Mapping[str, Any]], document: str, place: str) -> Iterator[str]:
    for number, one in enumerate(value):
        for part in parts:
            if "items" in part:
                yield from unknown_members(one, part["items"], document, f"{place}/{number}")


def parts_of(schema: Mapping[str, Any], document: str) -> Iterator[Mapping[str, Any]]:
    """The schema and everything that it is put together from."""
    if "$ref" in schema:
        target = _contract(document)
        for name in schema["$ref"].removeprefix("#/").split("/"):
            name = name.replace("~1", "/")  # noqa: PLW2901
            target = target[int(name)] if isinstance(target, list) else target[name]
        yield from parts_of(target, document)
    yield schema
    for word in ("allOf", "anyOf", "oneOf"):
        for one in schema.get(word, ()):
            yield from parts_of(one, document)


def event_faults(body: Mapping[str, Any]) -> list[str]:
    """What is wrong with an event that was sent to a consumer."""
    schemas = {
        "company": "CompanyWebhook", "connection": "ConnectionWebhook", "read": "ReadCompletedWebhook",
        "client": "ClientRateLimitWebhook",
    }  # fmt: skip
    name = schemas.get(body["eventType"].split(".")[0], "DataTypeWriteWebhook")
    schema = {"$ref": f"#/components/schemas/{name}"}
    return [*faults_of(body, schema, "platform"), *unknown_members(body, schema, "platform")]
