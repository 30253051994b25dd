"""Keys that a disturbed system forgets when their life is over."""

from __future__ import annotations

from integrations.faults import Campaign, parse
from integrations.key_lives import KeyLives


def test_a_key_is_another_one_in_each_life() -> None:
    now = 100.0
    lives = KeyLives(5, clock=lambda: now)
    assert lives.known_as("a") == "a"
    now = 104.9
    assert [lives.known_as("a"), lives.known_as("b")] == ["a", "b"]
    now = 105.0
    assert [lives.known_as("a"), lives.known_as("b")] == ["a (life 2)", "b"]
    now = 109.9
    assert [lives.known_as("a"), lives.known_as("b")] == ["a (life 2)", "b (life 2)"]
    now = 200.0
    assert lives.known_as("a") == "a (life 3)"


def test_without_a_length_keys_live_for_ever() -> None:
    now = 0.0
    lives = KeyLives(0, clock=lambda: now)
    assert lives.known_as("a") == "a"
    now = 1e9
    assert (lives.known_as("a"), lives.known_as("")) == ("a", "")


def test_a_plan_says_how_long_they_live() -> None:
    campaign = Campaign(parse("key_seconds=5"), 1)
    assert (campaign.plan.terms.key_seconds, campaign.report()["terms"]["key_seconds"]) == (5.0, 5.0)
    assert Campaign(parse("chaos"), 1).plan.terms.key_seconds == 0
