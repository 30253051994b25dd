"""What outside systems say: kept where it is a sentence, replaced where it is none."""

from __future__ import annotations

import pytest

from integrations.sentences import LONGEST_SENTENCE, sentence

OURS = "It gave no reason."


@pytest.mark.parametrize(
    "said,shown",
    [
        ("Account 9999 is unknown.", "Account 9999 is unknown."),
        ("  Line 2:\r\n\tnet is wrong.\x07 ", "Line 2: net is wrong."),
        ("The <b>period</b> is closed.<br/>Open it.", "The period is closed. Open it."),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("Łódź № 5, “quoted”", "Łódź № 5, “quoted”"),
        ("File a tax return first.", "File a tax return first."),
        ("", OURS),
        (" \n\x00 ", OURS),
        ("<b></b>", OURS),
        (None, OURS),
        ({"message": "no"}, OURS),
        ("<!DOCTYPE html><title>502</title>", OURS),
        ("Sorry <H1>Bad gateway</H1>", OURS),
        ('Traceback (most recent call last):\n  File "x.py", line 7\nValueError: boom', OURS),
        ("boom\n    at com.example.Bill.post(Bill.java:7)", OURS),
    ],
)
def test_a_sentence_is_shown_and_nothing_else(said: object, shown: str) -> None:
    assert sentence(said, otherwise=OURS) == shown


def test_a_novel_is_cut() -> None:
    assert sentence("word " * 1000, otherwise=OURS) == ("word " * 60)[:LONGEST_SENTENCE].rstrip()
