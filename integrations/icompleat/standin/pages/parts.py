"""Pieces of pages: tables, forms, badges. Everything that is filled in is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from integrations.icompleat.standin.kinds import Tray

# A state is a word with a shape and a colour.
_BADGES: Final = {
    Tray.AWAITING_APPROVAL: ("wait", "◷"),
    Tray.POSTING_FAILURES: ("bad", "⚑"),
    Tray.UNPROCESSED: ("calm", "○"),
    Tray.APPROVED: ("good", "✓"),
    Tray.RECEIPTED: ("good", "✓"),
    Tray.DENIED: ("void", "⊘"),
    Tray.DELETED: ("void", "⊘"),
}


@dataclass(frozen=True, slots=True)
class Head:
    """A column's heading; `sort` is the class of its cells: amount, long or none."""

    text: str
    sort: str = ""


def joined(parts: Iterable[Markup]) -> Markup:
    """All of them, one after the other."""
    return Markup("").join(parts)


def badge(tray: Tray) -> Markup:
    """A tray's name with its shape and colour."""
    colour, shape = _BADGES[tray]
    return Markup('<span class="badge {}"><span aria-hidden="true">{}</span> {}</span>').format(
        colour, shape, tray.label
    )


def table(heads: Sequence[Head], rows: Iterable[Sequence[object]], empty: str) -> Markup:
    """A table that scrolls on a narrow screen, or a sentence where there are no rows."""
    body = joined(_row(heads, row) for row in rows)
    if not body:
        return Markup("<p>{}</p>").format(empty)
    top = joined(Markup('<th scope="col"{}>{}</th>').format(_sort(head), head.text) for head in heads)
    return Markup(
        '<div class="scroll"><table class="stack"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
    ).format(top, body)


def _row(heads: Sequence[Head], row: Sequence[object]) -> Markup:
    cells = joined(
        Markup('<td data-label="{}"{}>{}</td>').format(head.text, _sort(head), cell)
        for head, cell in zip(heads, row, strict=True)
    )
    return Markup("<tr>{}</tr>").format(cells)


def _sort(head: Head) -> Markup:
    return Markup(' class="{}"').format(head.sort) if head.sort else Markup("")


def button(action: str, label: str, *, about: str = "", back: str = "", asks: str = "", second: bool = False) -> Markup:
    """A form of one button. `about` completes its name for those who do not see where it stands; `asks` is the label
    of a comment."""
    hidden = Markup('<input type="hidden" name="back" value="{}">').format(back) if back else Markup("")
    named = Markup(' aria-label="{} {}"').format(label, about) if about else Markup("")
    quiet = Markup(' class="second"') if second else Markup("")
    comment = Markup('<input name="comment" aria-label="{0}" placeholder="{0}">').format(asks) if asks else Markup("")
    return Markup('<form method="post" action="{}">{}{}<button{}{}>{}</button></form>').format(
        action, hidden, comment, named, quiet, label
    )


def buttons(forms: Iterable[Markup]) -> Markup:
    """Several of them in a row."""
    made = joined(forms)
    return Markup('<div class="buttons">{}</div>').format(made) if made else made


def form(action: str, fields: Iterable[Markup], label: str, *, method: str = "post") -> Markup:
    """A form with its fields in a grid and one button."""
    return Markup('<form method="{}" action="{}" class="fields">{}<div><button>{}</button></div></form>').format(
        method, action, joined(fields), label
    )


def field(label: str, name: str, value: object = "", *, sort: str = "text", needed: bool = False) -> Markup:
    """One input with its label. `sort` is its type; decimals are text that asks for a decimal keyboard."""
    kind = Markup('type="text" inputmode="decimal"') if sort == "decimal" else Markup('type="{}"').format(sort)
    must = Markup(" required") if needed else Markup("")
    return Markup('<label>{} <input {} name="{}" value="{}" autocomplete="off"{}></label>').format(
        label, kind, name, value, must
    )


def switch(label: str, name: str, *, is_on: bool) -> Markup:
    """A box to tick."""
    on = Markup(" checked") if is_on else Markup("")
    return Markup('<label class="tick"><input type="checkbox" name="{}" value="on"{}> {}</label>').format(
        name, on, label
    )


def choice(label: str, name: str, values: Mapping[str, str], chosen: str = "") -> Markup:
    """One of several, as value and text."""
    listed = joined(
        Markup('<option value="{}"{}>{}</option>').format(value, Markup(" selected") if value == chosen else "", text)
        for value, text in values.items()
    )
    return Markup('<label>{} <select name="{}">{}</select></label>').format(label, name, listed)


def banner(sentence: str, *, is_good: bool) -> Markup:
    """What has just come of something."""
    colour, shape = ("good", "✓") if is_good else ("bad", "⚑")
    return Markup('<p role="status" class="banner {}"><span aria-hidden="true">{}</span> {}</p>').format(
        colour, shape, sentence
    )


def tabs(links: Mapping[str, str], here: str) -> Markup:
    """The way between pages, as text and address; `here` is the text of the present one."""
    listed = joined(
        Markup('<li><a href="{}"{}>{}</a></li>').format(
            address, Markup(' aria-current="page"') if text == here else "", text
        )
        for text, address in links.items()
    )
    return Markup('<nav aria-label="Pages"><ul class="tabs">{}</ul></nav>').format(listed)


def pager(address: str, page: int, *, has_more: bool) -> Markup:
    """The pages before and after. `address` ends where the number of the page belongs."""
    links = [Markup('<a href="{}{}">Previous page</a>').format(address, page - 1)] if page > 1 else []
    links += [Markup('<a href="{}{}">Next page</a>').format(address, page + 1)] if has_more else []
    return Markup('<p class="pager">{}</p>').format(Markup(" ").join(links)) if links else Markup("")
