"""Sources that are read: their webhooks only hint at what happened, and what happened stands in their feeds.

A feed is read page by page. A page tells the heads of its records; whoever has seen a head with the same hash before
need not ask for the rest. Nothing is kept between two calls, so a reader may stop anywhere and go on from the last page
that it has saved.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from integrations.amendments import Amendment
from integrations.base import Source
from integrations.documents import Document, Kind
from integrations.errors import Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One list of records at a source. `name` is our own word for it, the same whatever the list is called over there;
    `kinds` is what its records may become.

    A record keeps its external id whatever it becomes: no two feeds of a source have an external id in common.
    """

    name: str
    label: str
    kinds: frozenset[Kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """One record as a page of its feed tells it. `external_id` is in lower case, as in a document.

    `content_hash` (SHA-256, hexadecimal) is equal as long as the page tells the same of it. `moment` is where it stands
    in the feed's order, aware UTC: when it was made, or last changed. `row` is what was told, in the source's words.
    """

    feed: str
    external_id: str
    content_hash: str
    moment: datetime
    row: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A row of a page that is no record: nobody can say which one it is. `why` is one plain sentence for staff."""

    why: str
    row: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadPage:
    """Some records of a feed in its order. `after` leads to the next page; empty: there is none."""

    heads: tuple[Head, ...]
    after: str = ""
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which records of a feed: those whose moment is at or after `since` (aware UTC), in the order of their moments;
    with `still_open` those, however old, that may change yet. `after` is where the page before ended."""

    feed: str
    since: datetime
    still_open: bool = False
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request that reached an address of ours. Header names are in lower case; the token is no longer in it."""

    method: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """What a call hints at. Either may be empty where the call does not say; `is_gone`: it says that it was deleted.

    `external_id` has the letters of the call, with which it is asked for (`FedSource.head`); a document has it in lower
    case. Without a feed it is the bare id of a record in nobody knows which list.
    """

    feed: str = ""
    external_id: str = ""
    is_gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a part's records as the source itself describes it. `type` is in the source's words, empty where it
    does not tell; `is_writable` None where it does not tell."""

    name: str
    label: str = ""
    type: str = ""
    is_writable: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Records of one shape at a source: those of a feed, or what belongs to them, such as the lines of invoices."""

    name: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldName:
    """A field whose name at the source differs between customers, or was never published.

    `key` is our own word for it, `part` the records that have it. `default` is its name until somebody says otherwise;
    empty: it is not looked at. `is_needed`: nothing can be read without it. `is_guess`: nobody has published the
    default. `is_written`: it is not read but written. `setting` is the setting that holds the name, empty for a line
    `key = name` in the setting `FedSource.names_setting`.
    """

    key: str
    label: str
    part: str
    default: str = ""
    is_needed: bool = False
    is_guess: bool = False
    is_written: bool = False
    setting: str = ""


class FedSource(Source):
    """A source with feeds. What `whole` gives is the body of a delivery, which `parse` reads.

    `parse` reads under the settings of its link, and raises `NotDue` for a record that is none of ours (`for_good`), or
    not yet, and `Misconfigured` for a setting that cannot be used.
    """

    feeds: ClassVar[tuple[Feed, ...]]
    parts: ClassVar[tuple[Part, ...]] = ()
    """What `fields` can be asked about; none where a source describes nothing."""
    field_names: ClassVar[tuple[FieldName, ...]] = ()
    """The names that a person may have to choose, part by part."""
    names_setting: ClassVar[str] = "fields"

    @classmethod
    def parts_for(cls, settings: Mapping[str, str]) -> tuple[Part, ...]:
        """Those of `parts` that a connection with these settings has. No request goes out, and nothing is raised."""
        return cls.parts

    @classmethod
    def found_names(cls, told: Mapping[str, Any]) -> Mapping[str, str]:
        """The names that a `survey` has found by itself, by their keys: they count where nobody has given one."""
        return {}

    @classmethod
    def check(cls, settings: Mapping[str, str]) -> None:
        """Whether these settings can be used. Raises `Misconfigured` with the field; no request goes out."""

    @abstractmethod
    def hinted(self, call: Call) -> Pointer:
        """What a call hints at: a pure function that takes every body, since nobody has published its shape."""

    @abstractmethod
    def page(self, wanted: Wanted) -> HeadPage:
        """One page of a feed. Raises `Retryable`, `Unauthorised`, `Misconfigured` (a feed that the credentials do not
        show is one, with the feed as its field)."""

    @abstractmethod
    def head(self, feed: str, external_id: str) -> Head:
        """One record. Raises `Missing` where there is none, and as `page`."""

    @abstractmethod
    def whole(self, head: Head) -> bytes:
        """A record with all that belongs to it, as a body for `parse`. Raises as `head`."""

    @abstractmethod
    def tells_changes(self, feed: str) -> bool:
        """Whether the order of a feed is that of changes: then whatever changed stands behind what was read before.
        Else it is that of creation, and records that are still open have to be read again. No request goes out."""

    @abstractmethod
    def fields(self, part: str) -> Sequence[Field]:
        """What the source's own description tells of the records of a part. Raises as `page`, and `Missing` where the
        source describes nothing."""

    @classmethod
    def hidden(cls, told: Mapping[str, Any]) -> Mapping[str, str]:
        """The feeds that the credentials do not show, each with one plain sentence, as far as `survey` has `told`."""
        return {}

    def other_kinds(self, document: Document) -> frozenset[Kind]:
        """As what else the same record may have been taken before: an invoice whose total fell below zero is a credit
        note now. Whoever has it under another of these kinds must not book it as a second transaction."""
        mine = next((feed.kinds for feed in self.feeds if document.external_id.startswith(f"{feed.name}-")), None)
        return (mine or frozenset()) - {document.kind}

    def amendable(self) -> frozenset[str]:
        """Which members of an `Amendment` this link takes. No request goes out."""
        return frozenset()

    def amend(self, external_id: str, changes: Amendment) -> None:
        """Write changes back into a record: only members of `amendable`. Repeating it changes nothing more. Raises what
        `post` raises, and `Missing`."""
        raise Rejected(f"{self.metadata.name} takes no changes.")
