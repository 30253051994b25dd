"""From the field that an error names to the staff page where it is mended, and back to what was refused for it."""

from __future__ import annotations

import re
import uuid
from typing import Final
from urllib.parse import urlencode

from django.urls import reverse

from integrations.documents import Kind
from integrations.errors import Misconfigured
from portal.connections.models import Connection
from portal.reference.families import REVENUE, in_kind, kinds_of
from portal.reference.gaps import field_of
from portal.reference.resolving import Key
from portal.reference.rules import DIMENSION, FAMILIES, How, Rules, family_words, from_json
from portal.reference.sold import BETWEEN, text_of

FIELD: Final = re.compile(r"mapping\.(.+)\[([^\[]*)\]", re.DOTALL)
# As connectors and the ledger name a code that the document lacks and for which no default is set.
LACKING: Final = {f"defaults.{family}_code": family for family in FAMILIES}
PREFIX: Final = "mapping."


def is_of_a_mapping(field: str) -> bool:
    """Whether an error that names this field is mended in the mapping."""
    return field == "mapping" or field.startswith(PREFIX) or field in LACKING


def key_of_field(field: str, kind: Kind | None = None) -> Key | None:
    """Family and code of such a field on a document of a kind, the code empty where the document has none; None when it
    names neither."""
    if field in LACKING:
        return in_kind(LACKING[field], kind), ""
    found = FIELD.fullmatch(field)
    return (found[1], found[2]) if found else None


def fields_of(family: str, code: str) -> list[str]:
    """Every way in which an error may name this mapping, on documents of the `kinds_of` the family."""
    kind = kinds_of(family)[0]
    lacking = [field for field, each in LACKING.items() if in_kind(each, kind) == family and not code]
    return [field_of(family, code), *lacking]


def beginnings_of(family: str, code: str) -> list[str]:
    """How errors begin that a row for this code may mend, though they name something else: what was sold of this type,
    or anything for a part of its label."""
    if family != REVENUE and not family.startswith(DIMENSION):
        return []
    if text_of(code):
        return [f"{PREFIX}{family}["]
    return [f"{PREFIX}{family}[{code}{BETWEEN}"] if code else []


def mend_url(connection: Connection, field: str, kind: Kind | None = None) -> str:
    """The staff page where what an error on a document of a kind names is mended: the form of a new row with family and
    code filled in, or the rule of the family."""
    page = reverse("admin:reference_codemapping_change", args=[connection.pk])
    key = key_of_field(field, kind)
    if key is None:
        return page
    family, code = key
    try:
        rules = from_json(connection.mapping)
    except Misconfigured:
        return page
    if code and rules.of(family).how is How.TABLE:
        return new_row_url(connection.pk, family, code, rules)
    return f"{page}#id_{family}__default" if family in FAMILIES else page


def new_row_url(connection_id: uuid.UUID, family: str, code: str, rules: Rules) -> str:
    """The form of a new row, with its family and code filled in."""
    is_dimension = family.startswith(DIMENSION)
    known = {
        "connection": connection_id,
        "kind": DIMENSION.rstrip(":") if is_dimension else family,
        "dimension": family_words(family, rules) if is_dimension else "",
        "source_code": code,
    }
    filled = {name: value for name, value in known.items() if value}
    return f"{reverse('admin:reference_mappedcode_add')}?{urlencode(filled)}"


def refused_url(connection_id: uuid.UUID, family: str = "", code: str = "") -> str:
    """The page that retries what was refused for want of this code; without a family, of any code of the connection."""
    query = {"connection": connection_id, **({"family": family, "code": code} if family else {})}
    return f"{reverse('admin:postings_posting_refused')}?{urlencode(query)}"


def gaps_url(connection_id: uuid.UUID) -> str:
    """The page of the codes that lately came in and have no row."""
    return f"{reverse('admin:postings_posting_gaps')}?{urlencode({'connection': connection_id})}"
