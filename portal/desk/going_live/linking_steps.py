"""The first steps: the company's name, its accounting system, and that it is the right company over there."""

from __future__ import annotations

from typing import Final

from django.urls import reverse

from portal.connections.models import Connection, Status
from portal.desk.going_live.facts import Facts
from portal.desk.going_live.steps import OWNING, Stand, Step
from portal.desk.words import system_name

AUTHORISE: Final[dict[str, tuple[Stand, str]]] = {
    Status.LINKED: (Stand.DONE, "{system} lets us in."),
    Status.DEAUTHORISED: (
        Stand.MEND,
        "{system} no longer accepts our access. Authorise it again: what waits goes on by itself.",
    ),
    Status.PENDING_AUTH: (Stand.TO_DO, "{system} has not let us in yet. Go there and say yes, or enter its keys."),
    Status.BLANK: (Stand.TO_DO, "{system} is chosen and not authorised yet."),
}
NEXT: Final = "Comes after choosing the accounting system."


def name_step(facts: Facts) -> Step:
    """The company has a name of its own."""
    company = facts.place.company
    title, key = "Name the company", "name"
    if not company.name_is_temporary:
        return Step(key=key, title=title, stand=Stand.DONE, said=f"It is called {company.name}.", is_required=False)
    said = (
        f"{company.name} is a temporary name. Take over the name that {facts.system} knows, or give your own."
        if facts.is_linked
        else f"{company.name} is a temporary name: the accounting system tells its own once it is authorised."
    )
    return Step(
        key=key, title=title, stand=Stand.OPTIONAL, said=said, action="Name it", is_required=False,
        href=reverse("desk:company-name", args=[company.pk]),
    )  # fmt: skip


def system_step(facts: Facts) -> Step:
    """An accounting system is chosen."""
    company = facts.place.company
    title, key, href = "Choose the accounting system", "system", reverse("desk:choose", args=[company.pk])
    if facts.accounting:
        return Step(
            key=key,
            title=title,
            who=OWNING,
            stand=Stand.DONE,
            said=f"{facts.system} is chosen.",
            href=href,
            action="Look",
        )
    said = "Approved documents are posted there, and suppliers and codes are read from it."
    if facts.former:
        said = f"{system_name(facts.former)} was unlinked. {said}"
    return Step(key=key, title=title, who=OWNING, stand=Stand.TO_DO, said=said, href=href, action="Choose")


def authorise_step(facts: Facts) -> Step:
    """The accounting system lets us in. Its status is said in Codat's word, also where there is none."""
    company, accounting = facts.place.company, facts.accounting
    shown: Connection | None = accounting or facts.former
    status = str(shown.get_status_display()) if shown else str(Status.BLANK.label)
    title, key = f"Authorise {facts.system}", "authorise"
    if accounting is None:
        return Step(key=key, title=title, who=OWNING, stand=Stand.TO_DO, said=NEXT, status=status)
    stand, said = AUTHORISE[accounting.status]
    return Step(
        key=key, title=title, who=OWNING, stand=stand, said=said.format(system=facts.system), status=status,
        href=reverse("desk:authorise", args=[company.pk]), action="Look" if stand is Stand.DONE else "Authorise",
    )  # fmt: skip


def confirm_step(facts: Facts) -> Step:
    """Somebody has looked whether the right company was linked."""
    company, accounting = facts.place.company, facts.accounting
    title, key, href = "Confirm the company there", "confirm", reverse("desk:confirm-company", args=[company.pk])
    if accounting is None or not facts.is_linked:
        after = "Comes after authorising: you see which company answers, and say whether it is yours."
        return Step(key=key, title=title, who=OWNING, stand=Stand.TO_DO, said=after)
    there = accounting.external_company_name or company.name
    if accounting.confirmed_at is None:
        said = f"{facts.system} answers as {there}. Say whether that is the right company."
        return Step(key=key, title=title, who=OWNING, stand=Stand.TO_DO, said=said, href=href, action="Confirm")
    return Step(
        key=key, title=title, who=OWNING, stand=Stand.DONE, said=f"{there} is the right one.", href=href, action="Look"
    )  # fmt: skip
