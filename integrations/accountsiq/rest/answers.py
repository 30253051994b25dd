"""What an answer over REST says. The interface we were given describes none, so every likely envelope is opened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from integrations.accountsiq.rest.endpoints import Endpoint
from integrations.accountsiq.rest.refusals import refusal
from integrations.errors import Misconfigured
from integrations.reply import Reply

Row = Mapping[str, Any]
# In this order, one inside of the other; the first of all is named after the call: `GetInvoiceResult`.
_ENVELOPES: Final = ("Result", "Data", "Items")
_NEXT: Final = ("NextPage", "nextPage", "Next", "next")
# Statuses with which any web server says that the path does not exist there.
_NOT_HERE: Final = frozenset({404, 405, 410})


class Page(NamedTuple):
    """Rows, and where the next ones are: a page's number or an address, None at the end."""

    rows: list[Row]
    next: int | str | None


def accepted(reply: Reply) -> Any:
    """The JSON of a success. Raises what the refusal in it means, whatever the status says."""
    if reply.status in _NOT_HERE and not reply.is_json and not reply.wrote:
        message = f"{reply.system} knows no such call (status {reply.status}). Check the address and the endpoints."
        raise Misconfigured(message, field="base_url")
    answer = reply.json()
    if (error := refusal(reply, answer)) is not None:
        raise error
    return answer


def one(reply: Reply, endpoint: Endpoint, id_name: str) -> Row:
    """The one thing that is told, with its id under `id_name`."""
    return identified(reply, _opened(accepted(reply), endpoint)[0], id_name)


def page(reply: Reply, endpoint: Endpoint, id_name: str) -> Page:
    """The rows of a list. One thing without a list around it is a list of one."""
    content, following = _opened(accepted(reply), endpoint)
    if isinstance(content, Mapping) and content.get(id_name) is not None:
        content = [content]
    if not isinstance(content, list):
        raise reply.unclear("no list")
    return Page([identified(reply, row, id_name) for row in content], _next(reply, following))


def identified(reply: Reply, row: object, id_name: str) -> Row:
    """A row with an id: a number above zero, or a text."""
    told = row.get(id_name) if isinstance(row, Mapping) else None
    is_number = isinstance(told, int) and not isinstance(told, bool) and told > 0
    if isinstance(row, Mapping) and (is_number or (isinstance(told, str) and told.strip())):
        return row
    raise reply.unclear(f"something without a {id_name}")


def local_path(url: str, base_url: str) -> str | None:
    """The path and query of an address behind `base_url`; None where it leads elsewhere."""
    base, wanted = urlsplit(base_url.strip().rstrip("/")), urlsplit(url)
    if (wanted.scheme or wanted.netloc) and (wanted.scheme, wanted.netloc) != (base.scheme, base.netloc):
        return None
    path = wanted.path.removeprefix(base.path) if wanted.path.startswith(f"{base.path}/") else wanted.path
    return f"{path}?{wanted.query}" if wanted.query else path


def _opened(answer: Any, endpoint: Endpoint) -> tuple[Any, object]:
    """What is in the envelopes, and what they say of the next page."""
    following: object = None
    for name in (f"{endpoint.operation}Result", *_ENVELOPES):
        if isinstance(answer, Mapping):
            following = next((answer[one] for one in _NEXT if answer.get(one)), following)
            answer = answer.get(name, answer)
    return answer, following


def _next(reply: Reply, told: object) -> int | str | None:
    if told is None or (isinstance(told, int) and not isinstance(told, bool)):
        return told
    if isinstance(told, str):
        return int(told) if told.isascii() and told.isdigit() and len(told) < 10 else told
    raise reply.unclear("a next page that cannot be read")


def texts(row: Row, names: tuple[str, ...]) -> Iterator[str]:
    """The members of these names that are told, as text, in this order."""
    for name in names:
        value = row.get(name)
        if isinstance(value, str) and value.strip():
            yield " ".join(value.split())
        elif isinstance(value, int) and not isinstance(value, bool):
            yield str(value)
