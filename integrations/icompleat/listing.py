"""The codes of a list of reference data as it stands in iCompleat: what documents from there can be coded to."""

from __future__ import annotations

from collections.abc import Iterator

from integrations.icompleat.answers import text
from integrations.icompleat.client import Client
from integrations.reference import RecordKind


def codes(client: Client, kind: RecordKind, field: str | None) -> Iterator[str]:
    """Every code of a list, page by page as they are asked for; `field` is the custom field's id of a dimension.

    A value without a code is known by its name, as it is on a document; a row with neither is on none. Raises what the
    client raises; then nothing that came before may be taken as the whole.
    """
    for row in client.reference(kind, field=field):
        if code := text(row, "Code") or text(row, "Name"):
            yield code
