"""The faults, each with its sentence, and the calls that clients made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from markupsafe import Markup

from integrations.icompleat.standin.pages.overview import main_tabs
from integrations.icompleat.standin.pages.parts import Head, button, field, form, joined, switch, table


def faults(root: str, told: Mapping[str, Mapping[str, Any]]) -> Markup:
    """All knobs in one form."""
    changed = [name for name, knob in told.items() if knob["value"] != knob["default"]]
    about = f"Different from the beginning: {', '.join(changed)}." if changed else "Everything is as in the beginning."
    return joined(
        [
            main_tabs(root, "Faults"),
            Markup("<p>What goes wrong here on purpose, and what is unknown of the real iCompleat. {}</p>").format(
                about
            ),
            form(f"{root}/faults", [_knob(name, knob) for name, knob in told.items()], "Save"),
            button(f"{root}/faults/reset", "Put everything back", second=True),
        ]
    )


def _knob(name: str, knob: Mapping[str, Any]) -> Markup:
    about = Markup("<code>{}</code> {}").format(name, knob["about"])
    if isinstance(knob["value"], bool):
        return switch(about, name, is_on=knob["value"])
    return field(about, name, knob["value"], sort="number" if isinstance(knob["value"], int) else "text")


def calls(root: str, counts: Mapping[str, Any], latest: Iterable[Mapping[str, Any]]) -> Markup:
    """How many calls there were, and the last hundred."""
    heads = (Head("When (UTC)"), Head("Call"), Head("Operation"), Head("Answer", "amount"), Head("ms", "amount"))
    rows = [
        (
            each["at"][:19].replace("T", " "),
            Markup("<code>{} {}</code>").format(each["method"], each["path"]),
            each["operation"],
            each["status"] or "closed",
            each["milliseconds"],
        )
        for each in latest
    ]
    return joined(
        [
            main_tabs(root, "API calls"),
            Markup("<p>{} calls; {} refused by the limit; at most {} of one key within 60 seconds.</p>").format(
                counts["count"], counts["refused"], counts["most_in_a_minute"]
            ),
            table(heads, rows, "No client has called yet."),
        ]
    )
