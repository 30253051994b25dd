"""What files are called in the books."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.postings.attachments.naming import folded, is_pdf, name_there


@pytest.mark.parametrize(
    "name,taken,expected",
    [
        ("invoice.pdf", [], "invoice.pdf"),
        ("../../etc/passwd", [], "-..-etc-passwd"),
        ("C:\\scans\\invoice.pdf", [], "C--scans-invoice.pdf"),
        ('a:b*c?d"e<f>g|h.pdf', [], "a-b-c-d-e-f-g-h.pdf"),
        ("  two\n\tlines\x00 .pdf ", [], "two lines.pdf"),
        ("\u202egnp.exe", [], "gnp.exe"),
        (".hidden", [], "hidden"),
        ("..", [], "attachment"),
        ("", [], "attachment"),
        ("invoice.pdf", ["Invoice.PDF"], "invoice (2).pdf"),
        ("invoice.pdf", ["invoice.pdf", "invoice (2).pdf"], "invoice (3).pdf"),
        ("cafe\u0301.pdf", ["caf\u00e9.pdf"], "caf\u00e9 (2).pdf"),
        ("no ending", ["no ending"], "no ending (2)"),
        ("x" * 300 + ".pdf", [], "x" * 146 + ".pdf"),
        ("x" * 300 + ".pdf", ["x" * 146 + ".pdf"], "x" * 142 + " (2).pdf"),
        ("a." + "y" * 300, [], "a." + "y" * 148),
    ],
)
def test_a_name_is_safe_short_and_unique(name: str, taken: list[str], expected: str) -> None:
    assert name_there(name, taken) == expected


@given(st.lists(st.text(max_size=200), max_size=6))
def test_whatever_comes_each_file_has_a_name_of_its_own(names: list[str]) -> None:
    taken: list[str] = []
    for name in names:
        taken.append(name_there(name, taken))
    assert len({folded(one) for one in taken}) == len(names)
    assert [one for one in taken if not 1 <= len(one) <= 150 or set(one) & set("/\\\0\n")] == []


@pytest.mark.parametrize(
    "name,content_type,expected",
    [
        ("a.PDF", "application/octet-stream", True),
        ("scan", "Application/PDF; name=x", True),
        ("a.pdf.txt", "text/plain", False),
    ],
)
def test_the_suppliers_paper_is_known_by_type_or_ending(name: str, content_type: str, expected: bool) -> None:
    assert is_pdf(name, content_type) is expected
