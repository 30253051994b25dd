"""The colours: whoever changes one keeps it readable, in light and in dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import portal.desk

STATIC = Path(portal.desk.__file__ or "").parent / "static" / "postroom"
PAIR = re.compile(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
COLOURS = {name: (light, dark) for name, light, dark in PAIR.findall((STATIC / "tokens.css").read_text())}
THEMES = {"light": 0, "dark": 1}
STATES = ("posted", "under-way", "waiting", "person", "closed")
GROUNDS = ("ground", "surface", "sunk", "hover", "accent-wash")
TEXTS = [
    *[(text, ground) for text in ("ink", "soft", "accent", "accent-strong") for ground in GROUNDS],
    *[(state, ground) for state in STATES for ground in ("ground", "surface", "hover", f"{state}-wash")],
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
]


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_is_right() -> None:
    assert _contrast("#000000", "#ffffff") == pytest.approx(21)
    assert _contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("text,ground", TEXTS)
def test_text_is_readable(text: str, ground: str, theme: str) -> None:
    at = THEMES[theme]
    assert _contrast(COLOURS[text][at], COLOURS[ground][at]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", ["ground", "surface"])
def test_the_edges_of_fields_can_be_seen(ground: str, theme: str) -> None:
    at = THEMES[theme]
    assert _contrast(COLOURS["control"][at], COLOURS[ground][at]) >= 3


@pytest.mark.parametrize("sheet", ["tokens.css", "desk.css"])
def test_every_property_that_is_used_exists(sheet: str) -> None:
    known = set(re.findall(r"^\s*(--[a-z0-9-]+):", (STATIC / "tokens.css").read_text(), re.MULTILINE))
    used = set(re.findall(r"var\((--[a-z0-9-]+)\)", (STATIC / sheet).read_text()))
    assert used <= known


def test_colours_stand_in_the_tokens_alone() -> None:
    """White is the paper that a QR code needs in either theme."""
    found = re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(", (STATIC / "desk.css").read_text())
    assert set(found) == {"#ffffff"}


def test_the_typeface_comes_with_its_licence() -> None:
    assert "SIL Open Font License, Version 1.1" in (STATIC / "fonts" / "OFL.txt").read_text()
    for name in re.findall(r'url\("(fonts/[^"]+)"\)', (STATIC / "tokens.css").read_text()):
        assert (STATIC / name).read_bytes()[:4] == b"wOF2"
