"""How states look: each has a word, a shape and a tone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import portal.desk
from portal.postings.badges import BADGES, badge_html, badge_of
from portal.postings.states import NEEDS_A_PERSON, State
from portal.tones import PERSON, SHAPES

TOKENS = (Path(portal.desk.__file__ or "").parent / "static" / "postroom" / "tokens.css").read_text()


def test_every_state_has_its_badge_and_its_own_word() -> None:
    assert set(BADGES) == set(State)
    assert {state: badge.word for state, badge in BADGES.items()} == {state: state.label for state in State}


def test_every_tone_has_a_shape_of_its_own_so_that_colour_never_speaks_alone() -> None:
    used = {badge.tone for badge in BADGES.values()}
    assert used == set(SHAPES)
    assert len(set(SHAPES.values())) == len(SHAPES)


def test_what_needs_a_person_and_nothing_else_is_flagged() -> None:
    assert {state for state, badge in BADGES.items() if badge.tone == PERSON} == NEEDS_A_PERSON


@pytest.mark.parametrize("tone", sorted(SHAPES))
def test_every_tone_is_drawn(tone: str) -> None:
    assert re.search(rf"^\.badge-{tone} \{{", TOKENS, re.MULTILINE)


def test_a_badge_is_word_shape_and_tone() -> None:
    assert badge_html("held") == (
        '<span class="badge badge-person"><svg class="badge-shape" viewBox="0 0 12 12" aria-hidden="true">'
        f"{SHAPES[PERSON]}</svg>Held</span>"
    )


def test_an_unknown_state_is_shown_and_breaks_nothing() -> None:
    assert badge_of("half_done") == ("closed", "Half done")
    assert badge_of("") == ("closed", "None")
    assert "<b>" not in badge_html("<b>")
