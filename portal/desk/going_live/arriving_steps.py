"""The steps from iCompleat to us: its access, the addresses with their tokens, the first delivery, the codes."""

from __future__ import annotations

from typing import Final

from django.urls import reverse
from django.utils import timezone

from portal.connections.keeping import not_taken
from portal.connections.models import Status
from portal.connections.registry import source
from portal.desk.going_live.facts import Facts, Kept
from portal.desk.going_live.steps import Stand, Step
from portal.desk.inbound import WORDS
from portal.desk.sources.cards import are_several
from portal.intake.models import Forecast
from portal.tenants import living

NO_API: Final = (
    "It is connected. Its own interface is not set up, so suppliers and codes are not sent there: enter its keys if "
    "they shall be."
)
REFUSED: Final = (
    " {kinds} are refused, for {system} cannot take them. On the page of the accounting system you can have them kept."
)
NOTHING_CAME: Final = (
    "Nothing has come in whose codes could be checked. Look through the mapping, or send a document first."
)
NOTHING_READ: Final = "Nothing is read before you go live, so look through the mapping now."
CHOOSE: Final = "Choose the programs in which your documents are made, such as iCompleat for what you buy."
LOST: Final = "It no longer accepts the security key. Enter the new one and save: what waits goes on by itself."


def source_step(facts: Facts) -> Step:
    """iCompleat is connected; where there are several sources and none is chosen, one of them."""
    if facts.source is None and are_several() and not facts.senders.fed:
        return _choose_step(facts)
    source, href = facts.source, reverse("desk:source", args=[facts.place.company.pk])
    title, key = "Connect iCompleat", "source"
    status = str(source.get_status_display()) if source else str(Status.BLANK.label)
    if source is None:
        said = "Approved documents come from there. You need four values that iCompleat shows you."
        return Step(key=key, title=title, stand=Stand.TO_DO, said=said, href=href, action="Connect", status=status)
    if source.status != Status.LINKED:
        return Step(key=key, title=title, stand=Stand.MEND, said=LOST, href=href, action="Mend", status=status)
    said = f"Linked to {source.external_company_name or 'iCompleat'}." if facts.source_api else NO_API
    return Step(key=key, title=title, stand=Stand.DONE, said=said, href=href, action="Look", status=status)


def _choose_step(facts: Facts) -> Step:
    href = reverse("desk:sources", args=[facts.place.company.pk])
    return Step(
        key="source", title="Connect what sends documents", stand=Stand.TO_DO, said=CHOOSE, href=href, action="Choose",
        status=str(Status.BLANK.label),
    )  # fmt: skip


def addresses_step(facts: Facts) -> Step:
    """The addresses are open, and each has a token."""
    company, every = facts.place.company, facts.addresses
    title, key = "Open the addresses and make their tokens", "addresses"
    refused = _refused(facts)
    if not every:
        said = "Comes after connecting iCompleat: it sends each kind of document to an address of its own."
        return Step(key=key, title=title, stand=Stand.TO_DO, said=said)
    ready = [each.inbound.word.lower() for each in every if each.inbound.is_ready]
    missing = [each.inbound.word.lower() for each in every if not each.inbound.is_ready]
    href, look = reverse("desk:tokens-made", args=[company.pk]), reverse("desk:source", args=[company.pk])
    if not missing:
        said = f"All {len(ready)} addresses have their tokens." if len(ready) > 1 else "The address has its token."
        said = f"{said}{refused}"
        return Step(key=key, title=title, stand=Stand.DONE, said=said, href=look, action="Look")
    if not ready:
        said = f"You get the addresses and their tokens on one page, once, and enter both in iCompleat.{refused}"
        return Step(
            key=key, title=title, stand=Stand.TO_DO, said=said, href=href, action="Make them all", is_form=True,
            also_href=look, also="Paste iCompleat’s own tokens",
        )  # fmt: skip
    said = f"Ready: {_listed(ready)}. Without a token: {_listed(missing)}. Leave out what you do not post.{refused}"
    return Step(
        key=key, title=title, stand=Stand.DONE, said=said, href=href, action="Make the rest", is_form=True,
        also_href=look, also="Look",
    )  # fmt: skip


def _refused(facts: Facts) -> str:
    """Which kinds are refused for want of a place, with a blank before it; empty where there is none."""
    if facts.accounting is None or facts.source is None:
        return ""
    sent = source(facts.source.integration).kinds
    kinds = [kind for kind in not_taken(facts.accounting, sent) if kind not in facts.accounting.kept_kinds]
    if not kinds:
        return ""
    return REFUSED.format(kinds=_listed([WORDS[kind].lower() for kind in kinds]).capitalize(), system=facts.system)


def delivery_step(facts: Facts) -> Step:
    """Something has come in."""
    company, came = facts.place.company, [each for each in facts.addresses if each.noticed]
    title, key, href = "Send a first document", "delivery", reverse("desk:source", args=[company.pk])
    refused = sum(each.knocks.count for each in facts.addresses if each.knocks)
    if came:
        kinds = _listed([each.inbound.word.lower() for each in came])
        return Step(
            key=key, title=title, stand=Stand.DONE, said=f"Noticed: {kinds}.", href=href, action="Look",
            is_required=False,
        )  # fmt: skip
    if refused:
        said = f"{refused:,} {'call' if refused == 1 else 'calls'} came without a good token in the last day. Look why."
        return Step(
            key=key, title=title, stand=Stand.MEND, said=said, href=href, action="Look", is_required=False
        )  # fmt: skip
    if not any(each.waits for each in facts.addresses):
        said = "Comes after the addresses: this page notices by itself when something arrives."
        return Step(key=key, title=title, stand=Stand.OPTIONAL, said=said, is_required=False)
    said = "Approve a document in iCompleat. This page notices by itself when it arrives; nothing is booked yet."
    return Step(
        key=key, title=title, stand=Stand.OPTIONAL, said=said, href=href, action="What to click", is_required=False
    )  # fmt: skip


def mapping_step(facts: Facts) -> Step:
    """Nothing that came in would be refused for its codes."""
    company, kept = facts.place.company, facts.kept
    gaps, came = reverse("desk:gaps", args=[company.pk]), reverse("desk:before-live", args=[company.pk])
    stand, said, href, action = _mapping(facts, gaps, came)
    also = (came, "What came in before go-live") if kept.total and href != came else ("", "")
    return Step(
        key="mapping", title="Check the mapping", stand=stand, said=said, href=href, action=action,
        is_required=False, also_href=also[0], also=also[1],
    )  # fmt: skip


def _mapping(facts: Facts, gaps: str, came: str) -> tuple[Stand, str, str, str]:
    """Where it stands, why, and where that is seen, by a link called what."""
    if not facts.is_linked:
        return Stand.OPTIONAL, "Comes after authorising: codes are compared with those of your books.", "", ""
    if facts.gap_problem:
        return Stand.MEND, facts.gap_problem, gaps, "Look"
    found = facts.gaps.refused if facts.gaps else 0
    if found and (_is_live(facts) or not facts.kept.of(Forecast.REFUSED)):
        codes = "1 code" if found == 1 else f"{found} codes"
        return Stand.MEND, f"{codes} of the last transactions would or may be refused.", gaps, "Mend the mapping"
    return _came_before(facts, gaps, came)


def _came_before(facts: Facts, gaps: str, came: str) -> tuple[Stand, str, str, str]:
    """By the dry runs; once something came in after going live, they speak of a time that is over."""
    booked = facts.gaps.looked_at if facts.gaps else 0
    kept = Kept() if booked and _is_live(facts) else facts.kept
    if refused := kept.of(Forecast.REFUSED):
        said = f"{_of_all(refused, kept.total)} would be refused. Look why, mend it, and have it looked at again."
        return Stand.MEND, said, came, "Look why"
    if perhaps := kept.of(Forecast.PERHAPS_REFUSED):
        return Stand.MEND, f"{_of_all(perhaps, kept.total)} may be refused. Look why.", came, "Look why"
    if kept.due:
        return Stand.MOVING, f"{_of_all(kept.due, kept.total)} {_is_are(kept.due)} looked at.", came, "Look"
    if not kept.total and not booked:
        said = NOTHING_READ if facts.senders.only_reads else NOTHING_CAME
        return Stand.OPTIONAL, said, gaps, "Look"
    return Stand.DONE, "No code is missing in what came in.", gaps, "Look"


def _is_live(facts: Facts) -> bool:
    """What came in before go-live has been sent again since, or never will be."""
    return living.is_live(facts.place.company, timezone.now())


def _of_all(count: int, total: int) -> str:
    """How many of all."""
    if total == 1:
        return "The document that came in"
    return f"{count} of the {total} documents that came in"


def _is_are(count: int) -> str:
    return "is being" if count == 1 else "are being"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
