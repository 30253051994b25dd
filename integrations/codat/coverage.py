"""What can be done on which platform, as Codat itself tells it at run time, and the platforms to choose from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from integrations.codat.client import Client
from integrations.codat.kinds import SHAPES
from integrations.documents import SALES, Kind
from integrations.errors import Retryable
from integrations.metadata import Abilities, Choice
from integrations.reference import RecordKind

Features = Mapping[str, Sequence[str]]
"""By type of data, what can be done with it in Codat's words: `{"bills": ["Get", "Post"]}`."""

KINDS: Final[Mapping[Kind, str]] = {kind: one.data_type for kind, one in SHAPES.items()}
"""The types of data that documents of ours become."""
RECORDS: Final[Mapping[str, RecordKind]] = {
    "suppliers": RecordKind.SUPPLIER,
    "chartOfAccounts": RecordKind.ACCOUNT,
    "taxRates": RecordKind.TAX,
    "trackingCategories": RecordKind.DIMENSION,
}
"""The types of data that reference data of ours is read from."""
SYNCHRONOUS: Final = frozenset({"fbrh", "akxx", "qhyg", "knfz", "gbol", "rwuv"})
"""The platforms with synchronous Bill Pay: FreeAgent, NetSuite, QuickBooks Online, Sage Intacct, Xero, Zoho Books."""

NO_REFUNDS: Final = frozenset({"gbol", "akxx", "pdvj", "rwuv", "knfz", "vxvy"})
"""The platforms whose models of payments leave no room for money that goes back: the total has to be above zero (Xero,
NetSuite, MYOB, Zoho Books), or there has to be an invoice that is paid (Sage Intacct, FreshBooks)."""

MOST: Final = Abilities(
    kinds=frozenset(KINDS),
    lookup=True,
    lookup_complete=False,
    quiet_seconds=600,
    awaits=True,
    repeats_errors=True,
    key_seconds=5400,
    reads=frozenset(RECORDS.values()),
    attaches=frozenset({Kind.INVOICE}),
    tells_settlements=True,
)
"""The most that any platform can do. The quiet is longer than `LOOKUP_SECONDS`: see there."""
LOOKUP_SECONDS: Final = 540.0
"""How short ago Codat must have been asked to read for a lookup to see what was written before the quiet began."""

# A platform with a feature in one of these states has it; the other states are NotSupported and NotImplemented.
_USABLE: Final = frozenset({"release", "beta", "alpha", "deprecated"})
_FEATURES: Final = (
    "Get", "Post", "Put", "Delete", "Categorization", "GetAsPdf", "DownloadAttachment", "GetAttachment",
    "GetAttachments", "UploadAttachment",
)  # fmt: skip
_SPELLINGS: Final[Mapping[str, str]] = {name.lower(): name for name in _FEATURES}
_TELLS_ATTACHMENTS: Final = frozenset({"GetAttachments", "GetAttachment", "DownloadAttachment"})
# The schema's own example has an id where the kind of source belongs, so only what is known to be another goes out.
_NO_ACCOUNTING: Final = frozenset({"banking", "bankfeed", "commerce", "expense", "other"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One accounting software behind Codat. `logo_url` is empty where there is no safe one; `is_desktop`: it runs on
    the customer's own computer, and a connector must be installed there."""

    key: str
    name: str
    logo_url: str = ""
    is_enabled: bool = False
    is_desktop: bool = False
    is_beta: bool = False
    features: Features = field(default_factory=dict)


def abilities(told: Mapping[str, Any]) -> Abilities:
    """What a connection can do; as long as nothing was told of its platform, the most that any can. What is sold needs
    the list of customers, too.

    Synchronous Bill Pay takes invoices on its platforms whatever else is told: the features are those of the older
    interface, which is to be switched off on 1 May 2027.
    """
    features = told.get("features")
    if not isinstance(features, Mapping) or not features:
        return MOST
    kinds = {kind for kind, name in KINDS.items() if "Post" in _of(features, name)}
    if "Get" not in _of(features, "customers"):
        kinds -= SALES
    if told.get("platform") in NO_REFUNDS:
        kinds.discard(Kind.REFUND)
    if told.get("platform") in SYNCHRONOUS:
        kinds.add(Kind.INVOICE)
    reads = frozenset(kind for name, kind in RECORDS.items() if "Get" in _of(features, name))
    papers = MOST.attaches if Kind.INVOICE in kinds and _takes_files(told, _of(features, "bills")) else frozenset()
    tells = "Get" in _of(features, "payments") and bool(kinds & SALES)
    return replace(MOST, kinds=frozenset(kinds), reads=reads, attaches=papers, tells_settlements=tells)


def platforms(client: Client) -> tuple[Platform, ...]:
    """The accounting software to choose from, by name; those that are not enabled too. Raises as `Client.get`."""
    rows = client.pages("integrations", query="sourceType=Accounting")
    found = (_platform(row) for row in rows if str(row.get("sourceType", "")).lower() not in _NO_ACCOUNTING)
    return tuple(sorted((one for one in found if one.key), key=lambda one: one.name.casefold()))


def platform(client: Client, key: str) -> Platform:
    """One platform by its key of four letters. Raises `Missing` where there is none."""
    row = client.get(f"integrations/{key}")
    if not isinstance(row, Mapping):
        raise Retryable("Codat did not tell what its platform can do. It will be asked again.")
    return replace(_platform(row), key=key)


def choice(platform: Platform) -> Choice:
    """A platform as somebody chooses it."""
    features = {name: list(can) for name, can in platform.features.items()}
    return Choice(
        key=platform.key, name=platform.name, settings={"platform": platform.key},
        told={"platform": platform.key, "features": features}, logo_url=platform.logo_url,
        is_desktop=platform.is_desktop, is_beta=platform.is_beta,
    )  # fmt: skip


def features_of(row: Mapping[str, Any]) -> Features:
    """What can be done with each type of data, in the vendor's order of features; types without any are left out.

    The schema spells the type `dataType`, requires `datatype`, and its example writes features in lower case.
    """
    rows = row.get("datatypeFeatures")
    found: dict[str, list[str]] = {}
    for one in rows if isinstance(rows, list) else []:
        if (
            isinstance(one, Mapping)
            and (name := _name(one))
            and (can := sorted(set(_usable(one)), key=_FEATURES.index))
        ):
            found[name] = can
    return dict(sorted(found.items()))


def _platform(row: Mapping[str, Any]) -> Platform:
    key = str(row.get("key") or "")
    return Platform(
        key=key,
        name=str(row.get("name") or key),
        logo_url=_safe(row.get("logoUrl")),
        is_enabled=row.get("enabled") is True,
        is_desktop=row.get("isOfflineConnector") is True,
        is_beta=row.get("isBeta") is True,
        features=features_of(row),
    )


def _takes_files(told: Mapping[str, Any], bills: frozenset[str]) -> bool:
    """A file is sent only where it can be seen whether it is there already."""
    if told.get("platform") in SYNCHRONOUS:
        return True
    return "UploadAttachment" in bills and bool(bills & _TELLS_ATTACHMENTS)


def _of(features: Mapping[str, Any], name: str) -> frozenset[str]:
    known = features.get(name)
    return frozenset(known) if isinstance(known, list | tuple) else frozenset()


def _name(row: Mapping[str, Any]) -> str:
    name = row.get("dataType") or row.get("datatype")
    return name if isinstance(name, str) else ""


def _usable(row: Mapping[str, Any]) -> Iterator[str]:
    rows = row.get("supportedFeatures")
    for one in rows if isinstance(rows, list) else []:
        if isinstance(one, Mapping) and str(one.get("featureState", "")).lower() in _USABLE:
            name = _SPELLINGS.get(str(one.get("featureType", "")).lower())
            if name:
                yield name


def _safe(url: object) -> str:
    """An address that a page may show; pictures come over TLS or not at all."""
    return url if isinstance(url, str) and url.startswith("https://") else ""
