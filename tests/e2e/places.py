"""Where every page of the customers is opened: as whom, and for a company in which stage of its life."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.urls import reverse

from portal.desk.urls import urlpatterns
from portal.postings.states import State
from tests.e2e.everything import Everything


@dataclass(frozen=True)
class Spot:
    """One way to open a page. `stage` names the ids in its path (tests/e2e/everything.py)."""

    stage: str = "full"
    who: str = "owner"
    query: str = ""
    mark: str = ""

    def path(self, name: str, world: Everything) -> str:
        """Its address."""
        ids = {each: world.stages[self.stage][each] for each in CONVERTERS[name]}
        return reverse(f"desk:{name}", kwargs=ids) + self.query

    def picture(self, name: str) -> str:
        """What its pictures are called."""
        return "-".join(part for part in ("page", name, self.stage, self.mark) if part)


CONVERTERS: Final = {str(one.name): tuple(one.pattern.converters) for one in urlpatterns}
FULL, NEW, BEGUN = Spot(), Spot("new", "newcomer"), Spot("begun")
UNLINKED, CLOSED, LEDGER = Spot("unlinked"), Spot("closed"), Spot("ledger")
VIEWER, OPERATOR = Spot(who="viewer", mark="viewer"), Spot(who="operator", mark="operator")

PLACES: Final[dict[str, tuple[Spot, ...]]] = {
    # the organisation
    "home": (FULL, Spot(query="?q=harbour", mark="found"), Spot(query="?q=nothing", mark="none")),
    "organisations": (Spot(who="accountant"),),
    "organisation": (FULL, VIEWER),
    "people": (FULL, VIEWER, NEW),
    "member": (FULL,),
    "member-remove": (FULL,),
    "leave": (FULL, NEW),
    "api-tokens": (FULL, NEW, OPERATOR),
    "api-token-revoke": (FULL,),
    "organisation-audit": (FULL, NEW, OPERATOR),
    "mails": (FULL, NEW, VIEWER),
    "webhooks": (FULL, NEW, OPERATOR),
    "webhook-guide": (FULL,),
    "webhook-add": (FULL,),
    "webhook": (FULL, Spot(query="?state=waiting", mark="waiting"), Spot(query="?state=given-up", mark="given-up")),
    "webhook-change": (FULL,),
    "webhook-secret": (FULL,),
    "webhook-delete": (FULL,),
    "webhook-message": (FULL,),
    # a company and what is linked to it
    "company-new": (FULL,),
    "company": (FULL, NEW, BEGUN, LEDGER, UNLINKED, CLOSED, VIEWER),
    "company-name": (FULL, NEW),
    "settings": (FULL, NEW, UNLINKED, CLOSED, OPERATOR),
    "unlink": (FULL, NEW),
    "unlink-source": (FULL, NEW),
    "unlink-fed": (FULL, NEW),
    "close": (FULL, NEW, CLOSED),
    "data-export": (FULL, NEW, CLOSED),
    "audit": (FULL, NEW, OPERATOR),
    "accounting": (FULL, NEW, LEDGER, UNLINKED, CLOSED, VIEWER),
    "choose": (FULL, NEW, Spot("new", "newcomer", "?q=kashflow", "none"), UNLINKED),
    "authorise": (FULL, BEGUN),
    "visit": (FULL,),
    "confirm-company": (FULL, BEGUN),
    "start-again": (FULL, BEGUN),
    # going live
    "set-up": (FULL, NEW, BEGUN, UNLINKED, CLOSED),
    "before-live": (FULL, NEW, BEGUN),
    "before-live-one": (FULL, BEGUN),
    "go-live": (FULL, NEW, BEGUN),
    "not-live": (FULL, NEW),
    "source": (FULL, NEW, UNLINKED, CLOSED, VIEWER),
    "endpoint": (FULL, VIEWER),
    # sources that are read
    "sources": (FULL, NEW, CLOSED, VIEWER),
    "fed-source": (FULL, NEW, CLOSED, VIEWER),
    "fed-fields": (FULL, VIEWER),
    "fed-log": (FULL, Spot(query="?show=unmatched", mark="unmatched"), Spot(query="?q=nothing", mark="none")),
    "fed-uat": (FULL, VIEWER),
    # codes and reference data
    "gaps": (FULL, NEW, UNLINKED),
    "mapping-rules": (FULL, VIEWER),
    "mapping-codes": (FULL, Spot(query="?family=account", mark="account"), VIEWER),
    "mapping-import": (FULL,),
    "dry-run-form": (FULL, NEW),
    "reference": (FULL, NEW, BEGUN, UNLINKED, CLOSED),
    "runs": (FULL, NEW),
    "run": (FULL, VIEWER),
    "records": (FULL, Spot(query="?q=nothing", mark="none"), NEW),
    "schedule": (FULL,),
    "raising": (FULL, NEW),
    # transactions
    "transactions": (
        FULL, NEW, Spot(query="?q=nothing", mark="none"), Spot(query="?state=attention", mark="attention"),
    ),
    "transaction": (
        *(Spot(state.value) for state in State), Spot("asked"), Spot("amended"), CLOSED,
        Spot("rejected", "viewer", mark="viewer"),
    ),
    "dry-run": (Spot("rejected"), Spot("posted")),
    "repair-retry": (Spot("rejected"), Spot("held"), Spot("posted")),
    "repair-mark": (Spot("rejected"), Spot("held")),
    "repair-same": (Spot("asked"), Spot("held")),
    "repair-another": (Spot("asked"),),
    "repair-void": (Spot("rejected"), Spot("held"), Spot("void")),
    "amendment": (Spot("amended"), Spot("amended", "viewer", mark="viewer")),
    "books-now": (Spot("posted"),),
    "attempt": (Spot("rejected"), Spot("posted"), Spot("rejected", "viewer", mark="viewer")),
}  # fmt: skip
# A page asks for these and puts them into itself.
PARTS: Final = frozenset(
    {
        "company-now", "set-up-watch", "deliveries-watch", "standing", "at-source", "endpoint-captured",
        "fed-captured", "fed-progress",
        "mapping-known", "reference-progress", "run-progress",
    }
)  # fmt: skip
# They are taken away, not looked at.
FILES: Final = frozenset(
    {"export", "company-days", "fed-uat-file", "gaps-file", "mapping-export", "raising-template", "records-export"}
)
# They lead on, or need a link out of a mail: tests/e2e/test_every_page.py opens those of the mails by it.
ELSEWHERE: Final = {
    "vendor-page": "leads to a page of the vendor",
    "invitation": "is opened by the link in a mail",
    "mails-end": "is opened by the link in a mail",
}

# What an owner reads on the pages of a company, or of an organisation, that has nothing yet: what to do first.
FIRST: Final = {
    "people": "Nobody is invited at the moment.",
    "api-tokens": "Make one below for each program that calls the API",
    "webhooks": "Add the address of a program of yours",
    "organisation-audit": "Whatever somebody changes stands here",
    "company": "No accounting system is chosen yet.",
    "settings": "Choose the accounting system that documents are posted into, then link iCompleat",
    "unlink": "There is nothing to unlink",
    "unlink-source": "There is nothing to unlink",
    "unlink-fed": "There is nothing to unlink",
    "audit": "Whatever somebody changes stands here",
    "accounting": "Choose the accounting system first",
    "choose": "Search by name",
    "set-up": "Choose the accounting system",
    "before-live": "Approve a document in iCompleat",
    "go-live": "Back to the checklist",
    "not-live": "To the checklist",
    "source": "Link iCompleat first",
    "sources": "Choose the programs in which your documents are made",
    "fed-source": "Link accessplanit first",
    "gaps": "Link an accounting system first",
    "dry-run-form": "Link iCompleat first",
    "reference": "Link an accounting system first",
    "runs": "Link an accounting system first",
    "records": "Link an accounting system first",
    "raising": "Link iCompleat first",
    "transactions": "This is the way to the first one",
}
# A form is all that there is on these, whatever the company has.
ALWAYS_THE_SAME: Final = frozenset({"company-name", "close", "data-export", "leave", "mails"})


def spots() -> list[tuple[str, Spot]]:
    """Every page with each of the ways to open it."""
    return [(name, spot) for name, all_of_it in PLACES.items() for spot in all_of_it]


def first(name: str, world: Everything) -> str:
    """The address of what is no page."""
    return Spot("full").path(name, world)
