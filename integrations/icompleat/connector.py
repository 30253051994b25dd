"""iCompleat as a source: approved transactions arrive by webhook, and a journal number goes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from integrations.base import Answer, Expected, Metadata, Source
from integrations.documents import Document, Kind
from integrations.icompleat import mapping

# Inferred: the vendor publishes neither the body nor the codes of a failure answer. Codes 2, 3 and 10 have a meaning in
# its own API (unknown company, user, transaction) and are left to it; the sentence is what a person may see.
ERROR_CODES: Final[Mapping[int, int]] = {401: 1, 400: 100, 404: 104, 405: 105, 413: 113, 429: 129, 500: 500, 503: 503}
OTHER_ERROR: Final = 100


class ICompleat(Source):
    """iCompleat (Compleat Software). What is seen and what is inferred stands in the README beside this file."""

    metadata: ClassVar[Metadata] = Metadata(
        slug=mapping.SOURCE,
        name="iCompleat",
        summary="Sends purchase orders, invoices, credit notes and receipts as soon as they are fully approved.",
        monogram="iC",
    )
    kinds: ClassVar[frozenset[Kind]] = frozenset(mapping.KIND_BY_TYPE.values())
    # The name of the header is not public: these are tried in turn. The secret is the value, not the name.
    token_headers: ClassVar[tuple[str, ...]] = (
        "x-api-compleat-token",
        "x-compleat-token",
        "x-api-secret-token",
        "x-secret-token",
        "secret-token",
        "secrettoken",
        "token",
        "x-api-compleat-key",
        "x-api-key",
        "authorization",
    )
    answer_template: ClassVar[Mapping[str, Any]] = {"JournalNumber": "{journal}"}

    def parse(self, payload: Mapping[str, Any], expected: Expected) -> Document:
        """Read one approved transaction, bare or wrapped. Raises `Malformed` with path and sentence."""
        return mapping.read(payload, expected)

    def acknowledge(self, journal_number: str, template: Mapping[str, Any]) -> Answer:
        """200 with the template, `{journal}` replaced in its string values at any depth."""
        return Answer(200, {name: _filled(value, journal_number) for name, value in template.items()})

    def refuse(self, status: int, message: str) -> Answer:
        """The status with `ErrorCode` and `ErrorMessage`; all but 200 puts a transaction among the posting failures."""
        return Answer(status, {"ErrorCode": ERROR_CODES.get(status, OTHER_ERROR), "ErrorMessage": message})


def _filled(value: Any, journal_number: str) -> Any:
    if isinstance(value, str):
        return value.replace("{journal}", journal_number)
    if isinstance(value, Mapping):
        return {name: _filled(member, journal_number) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(item, journal_number) for item in value]
    return value
