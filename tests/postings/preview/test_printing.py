"""Bodies laid out for people: nothing of a value changes."""

from __future__ import annotations

import re

import pytest

from portal.postings.preview.printing import pretty, pretty_bytes

SOAP = (
    '<?xml version="1.0" encoding="utf-8"?>\n<soap:Envelope xmlns:soap="http://x/"><soap:Body><Post><a>1 < 2</a>'
    "<b>two  blanks &amp; one</b><c></c><d/><!-- a note --><e><![CDATA[<raw> text]]></e></Post></soap:Body>"
    "</soap:Envelope>"
).replace("1 < 2", "1 &lt; 2")


def test_xml_gets_lines_and_keeps_its_texts() -> None:
    assert pretty(SOAP).splitlines() == [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<soap:Envelope xmlns:soap="http://x/">',
        "  <soap:Body>",
        "    <Post>",
        "      <a>1 &lt; 2</a>",
        "      <b>two  blanks &amp; one</b>",
        "      <c></c>",
        "      <d/>",
        "      <!-- a note -->",
        "      <e><![CDATA[<raw> text]]></e>",
        "    </Post>",
        "  </soap:Body>",
        "</soap:Envelope>",
    ]
    assert re.sub(r">\s+<", "><", pretty(SOAP)) == re.sub(r">\s+<", "><", SOAP)
    assert pretty(pretty(SOAP)) == pretty(SOAP)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ('{"a":[1.50,"x"]}', '{\n  "a": [\n    1.50,\n    "x"\n  ]\n}'),
        ("grant_type=x&a=b", "grant_type=x&a=b"),
        ("", ""),
        ("<", "<"),
        ("</a></b>", "</a>\n</b>"),
        ("<a>1 < 2</a>", "<a>1 < 2</a>"),
    ],
)
def test_whatever_else_it_is_keeps_its_characters(body: str, shown: str) -> None:
    assert pretty(body) == shown


def test_a_very_long_one_is_cut_and_says_so() -> None:
    assert pretty("<a>" + "x" * 300_000).endswith("[cut here: 300,003 characters in all]")


def test_bytes_that_are_no_text_are_marked() -> None:
    assert pretty_bytes(b'\xef\xbb\xbf{"a":"\xff"}') == '{\n  "a": "\ufffd"\n}'
