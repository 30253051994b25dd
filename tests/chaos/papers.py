"""The documents of a run and when each is delivered: all of it drawn from the seed, before anything starts."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from integrations.exact import to_json

SUPPLIERS = 12
KNOWN_ACCOUNT, UNKNOWN_ACCOUNT = "5010", "5999"
DUPLICATED, EDITED, REFUSED, CREDITED, ORDERED = 0.25, 0.06, 0.04, 0.12, 0.08


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
    """One transaction of the source: its versions (each an exact net amount and account), and what became of it."""

    identity: str
    company: int
    kind: str
    label: str
    order: str
    versions: list[tuple[Decimal, str]]
    sent: list[Sent] = field(default_factory=list)

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


@dataclass(frozen=True, slots=True)
class Mail:
    """All papers, and the deliveries that the sender means to make; failures add to them."""

    papers: list[Paper]
    deliveries: list[Due]


def drawn(seed: int, count: int, seconds: float, companies: int) -> Mail:
    """`count` papers over `seconds`: some twice or more, some in another order, some edited, some not bookable."""
    dice = random.Random(f"{seed} papers")
    papers, deliveries = list[Paper](), list[Due]()
    for position in range(count):
        paper = _paper(dice, position, companies, papers)
        papers.append(paper)
        first = position * seconds / count
        if paper.order:
            # The order is sent at the same time: which of them arrives first is left to chance.
            first = max(0.0, first + dice.uniform(-1.0, 0.5))
        deliveries.append(Due(first, position, 0))
        deliveries.extend(_again(dice, paper, position, first))
    return Mail(papers, sorted(deliveries))


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
    net = Decimal(dice.randrange(1_00, 900_00, 5)) / 100
    account = UNKNOWN_ACCOUNT if kind == "INV" and not order and dice.random() < REFUSED else KNOWN_ACCOUNT
    paper = Paper(
        identity=str(UUID(int=dice.getrandbits(128), version=4)),
        company=company, kind=kind, label=f"{kind}{position:06}", order=order, versions=[(net, account)],
    )  # fmt: skip
    if dice.random() < EDITED:
        paper.versions.append((net + 10, KNOWN_ACCOUNT))
    return paper


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
    amounts = {"Net": _money(net), "Vat": _money(net / 5), "Gross": _money(paper.gross(version))}
    supplier = UUID(paper.identity).int % SUPPLIERS
    transaction = {
        "Id": paper.identity,
        "Company": {"Id": company["their_id"], "Name": company["name"]},
        "Type": paper.kind,
        "References": {
            "Identifier": paper.label,
            "PurchaseOrder": paper.label if paper.kind == "ORD" else paper.order or None,
            "Supplier": f"S-{paper.label}",
        },
        "Dates": {"Created": "2026-10-19T11:00:00.000Z", "Invoice": "2026-10-18T00:00:00.000Z"},
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


def _money(value: Decimal) -> dict[str, dict[str, Decimal]]:
    amount = {"Value": value.quantize(Decimal("0.01"))}
    return {"Local": amount, "Base": amount}
