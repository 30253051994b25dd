"""The documents of a run and when each is delivered: all of it drawn from the seed, before anything starts."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from integrations.exact import to_json

SUPPLIERS = 12
KNOWN_ACCOUNT, UNKNOWN_ACCOUNT = "5010", "5999"
DUPLICATED, EDITED, REFUSED, CREDITED, ORDERED = 0.25, 0.06, 0.04, 0.12, 0.08
SHUFFLED, SHUFFLED_BY_SECONDS = 0.15, 12.0
# Of the deliveries that are meant, how many are made badly; and how many are made with a wrong token beside them.
HUNG_UP, SLOW, FORGED, STRANGE, HALF = 0.05, 0.03, 0.03, 0.02, 0.03
CALM_SECONDS = 16.0


class Manner(Enum):
    """How a delivery is made."""

    PLAIN = "plain"
    HUNG_UP = "hung up before the answer"
    SLOW = "sent byte by byte"
    FORGED = "with a wrong token"
    HALF = "begun and never ended"


class Told(Enum):
    """What the sender made of an answer."""

    TAKEN = "taken"
    FAILED = "failed"
    CONTESTED = "contested"
    LOST = "lost"


@dataclass(slots=True)
class Sent:
    """One delivery of a version: when it began and ended (epoch seconds), and what was answered."""

    version: int
    began: float
    ended: float = 0.0
    told: Told = Told.LOST
    status: int = 0
    number: str = ""
    text: str = ""


@dataclass(slots=True)
class Paper:
    """One transaction of the source: its versions (each an exact net amount and account), and what became of it.

    `forged` are the deliveries with a wrong token; of a strange paper there are no others.
    """

    identity: str
    company: int
    kind: str
    label: str
    order: str
    versions: list[tuple[Decimal, str]]
    sent: list[Sent] = field(default_factory=list)
    forged: list[Sent] = field(default_factory=list)
    is_strange: bool = False

    def gross(self, version: int) -> Decimal:
        """Net and a fifth of it."""
        return self.versions[version][0] * Decimal("1.2")

    @property
    def numbers(self) -> set[str]:
        """Every number that was told."""
        return {sent.number for sent in self.sent if sent.told is Told.TAKEN}

    @property
    def is_edited(self) -> bool:
        """Whether it has more than one version."""
        return len(self.versions) > 1


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """A delivery that is to be made, `at` seconds after the beginning."""

    at: float
    paper: int
    version: int
    manner: Manner = field(default=Manner.PLAIN, compare=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """All papers, and the deliveries that the sender means to make; failures add to them."""

    papers: list[Paper]
    deliveries: list[Due]


def drawn(seed: int, count: int, seconds: float, companies: int) -> Mail:
    """`count` papers over `seconds`: some twice or more, some in another order, some edited, some not bookable.

    Beside them are strange ones, which only ever come with a wrong token.
    """
    dice = random.Random(f"{seed} papers")
    papers, deliveries = list[Paper](), list[Due]()
    for position in range(count):
        paper = _paper(dice, position, companies, papers)
        papers.append(paper)
        first = position * seconds / count
        if paper.order:
            # The order is sent at the same time: which of them arrives first is left to chance.
            first = max(0.0, first + dice.uniform(-1.0, 0.5))
        if dice.random() < SHUFFLED:
            first += dice.uniform(0, SHUFFLED_BY_SECONDS)
        deliveries.append(Due(first, position, 0))
        deliveries.extend(_again(dice, paper, position, first))
    manners = random.Random(f"{seed} manners")
    deliveries = [replace(due, manner=_manner(manners)) for due in deliveries]
    deliveries.extend(_forged(manners, papers, seconds, companies))
    return Mail(papers, sorted(deliveries))


def calm(seed: int, companies: int, each: int) -> Mail:
    """`each` plain papers for every company, one after another, before anything goes wrong."""
    dice = random.Random(f"{seed} calm")
    count = each * companies
    papers = [_plain(dice, position, position % companies) for position in range(count)]
    return Mail(papers, [Due(position * CALM_SECONDS / count, position, 0) for position in range(count)])


def _plain(dice: random.Random, position: int, company: int) -> Paper:
    return Paper(
        identity=_identity(dice), company=company, kind="INV", label=f"CALM{position:06}", order="",
        versions=[(_amount(dice), KNOWN_ACCOUNT)],
    )  # fmt: skip


def _manner(dice: random.Random) -> Manner:
    draw = dice.random()
    return Manner.HUNG_UP if draw < HUNG_UP else Manner.SLOW if draw < HUNG_UP + SLOW else Manner.PLAIN


def _forged(dice: random.Random, papers: list[Paper], seconds: float, companies: int) -> Iterator[Due]:
    """Real papers and strange ones with a wrong token, and deliveries that are never ended."""
    count = len(papers)
    for _ in range(round(count * STRANGE)):
        paper = _plain(dice, len(papers), dice.randrange(companies))
        paper.label, paper.is_strange = f"STRANGE{len(papers):06}", True
        papers.append(paper)
        yield Due(dice.uniform(0, seconds), len(papers) - 1, 0, Manner.FORGED)
    for rate, manner in ((FORGED, Manner.FORGED), (HALF, Manner.HALF)):
        for _ in range(round(count * rate)):
            yield Due(dice.uniform(0, seconds), dice.randrange(count), 0, manner)


def _paper(dice: random.Random, position: int, companies: int, papers: list[Paper]) -> Paper:
    company, draw = dice.randrange(companies), dice.random()
    before = papers[-1] if papers else None
    order, kind = "", "INV"
    if before is not None and before.kind == "ORD":
        company, order = before.company, before.label
    elif draw < ORDERED:
        kind = "ORD"
    elif draw < ORDERED + CREDITED:
        kind = "CRD"
    net = _amount(dice)
    account = UNKNOWN_ACCOUNT if kind == "INV" and not order and dice.random() < REFUSED else KNOWN_ACCOUNT
    paper = Paper(
        identity=_identity(dice), company=company, kind=kind, label=f"{kind}{position:06}", order=order,
        versions=[(net, account)],
    )  # fmt: skip
    if dice.random() < EDITED:
        paper.versions.append((net + 10, KNOWN_ACCOUNT))
    return paper


def _identity(dice: random.Random) -> str:
    return str(UUID(int=dice.getrandbits(128), version=4))


def _amount(dice: random.Random) -> Decimal:
    return Decimal(dice.randrange(1_00, 900_00, 5)) / 100


def _again(dice: random.Random, paper: Paper, position: int, first: float) -> Iterator[Due]:
    """Duplicates at once and late; the edited version soon, so that it meets every state."""
    if dice.random() < DUPLICATED:
        for _ in range(dice.randint(1, 3)):
            yield Due(first + dice.choice((0.0, dice.uniform(0, 2), dice.uniform(2, 20))), position, 0)
    if paper.is_edited:
        yield Due(first + dice.choice((0.0, dice.uniform(0, 1), dice.uniform(1, 8))), position, 1)


def body(paper: Paper, version: int, company: Mapping[str, Any]) -> bytes:
    """The version as iCompleat sends it."""
    net, account = paper.versions[version]
    dates: Mapping[str, str] = {"Created": "2026-10-19T11:00:00.000Z", "Invoice": "2026-10-18T00:00:00.000Z"}
    amounts = {"Net": _money(net), "Vat": _money(net / 5), "Gross": _money(paper.gross(version))}
    supplier = UUID(paper.identity).int % SUPPLIERS
    transaction: dict[str, Any] = {
        "Id": paper.identity,
        "Company": {"Id": company["their_id"], "Name": company["name"]},
        "Type": paper.kind,
        "References": {
            "Identifier": paper.label,
            "PurchaseOrder": paper.label if paper.kind == "ORD" else paper.order or None,
            "Supplier": f"S-{paper.label}",
        },
        "Dates": {**dates, **_due(company)},
        "Title": f"Delivery {paper.label}",
        "Supplier": {"Code": f"CHAOS{supplier:02}", "Name": f"Chaos Supplies {supplier}"},
        **amounts,
        "Status": "APPR",
        "Lines": [
            {
                "Number": 1,
                "Description": "What was delivered",
                "Quantity": 1,
                "UnitCost": _money(net),
                **amounts,
                "Analysis": [
                    {"Name": "Account Code", "Value": {"Code": account, "Name": account}},
                    {"Name": "Tax Code", "Value": {"Code": "T1", "Name": "Standard rate 20%"}},
                ],
            }
        ],
    }
    return to_json({"Transaction": transaction}).encode()


def _due(company: Mapping[str, Any]) -> dict[str, str]:
    """Some accounting systems take no bill without it."""
    return {"PaymentDue": company["payment_due"]} if company.get("payment_due") else {}


def _money(value: Decimal) -> dict[str, dict[str, Decimal]]:
    amount = {"Value": value.quantize(Decimal("0.01"))}
    return {"Local": amount, "Base": amount}
