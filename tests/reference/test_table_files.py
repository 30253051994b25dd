"""Tables as CSV: what a file says, line by line, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.reference import table_files
from portal.reference.models import MappedCode
from portal.reference.table_files import BadRow, Row, csv_lines, family_from_text, read
from portal.spreadsheet import csv_line, safe, unsafe
from tests.factories import DemoConnectionFactory

HEAD = "Family,Source code,Accounting code,Note\n"


def bad(text: str, family: str = "") -> list[tuple[int, str]]:
    return [(each.line, each.reason) for each in read(text, family).bad]


def test_rows_are_read_with_and_without_their_family() -> None:
    text = HEAD + "account, 5010 ,7100,Venue hire\nDimension: Department,TRN,T-01,\n\n,,,\n"
    assert read(text).rows == (
        Row("account", "5010", "7100", "Venue hire"),
        Row("dimension:department", "TRN", "T-01", ""),
    )
    assert read("source_code;accounting_code\n5010;7100\n", "account").rows == (Row("account", "5010", "7100", None),)
    assert read("\ufeffSource code\tAccounting code\r\nT1\t20% VAT, reduced\r\n", "tax").rows == (
        Row("tax", "T1", "20% VAT, reduced", None),
    )


@pytest.mark.parametrize(
    ("text", "family", "expected"),
    [
        ("", "", [(1, table_files.NO_HEADING)]),
        ("account,5010,7100\n", "", [(1, table_files.NO_HEADING)]),
        ("Source code,Accounting code\nT1,A\n", "", [(1, table_files.NO_HEADING)]),
        ("Family,Source code,Source code,Accounting code\n", "", [(1, table_files.NO_HEADING)]),
        (HEAD + "acount,5010,7100,\n", "", [(2, table_files.NO_FAMILY.format(text="acount"))]),
        (HEAD + "dimension:,A,B,\n", "", [(2, table_files.NO_FAMILY.format(text="dimension:"))]),
        (HEAD + "account,,7100,\ntax,,A,\n", "", [(2, "The source code is empty."), (3, "The source code is empty.")]),
        (HEAD + "account,5010\n", "", [(2, "The accounting code is empty.")]),
        (HEAD + "account,5010,7100,a,b\n", "", [(2, table_files.CELLS)]),
        (HEAD + f"account,{'9' * 101},7100,\n", "", [(2, "The source code is longer than 100 characters.")]),
        (HEAD + f"account,5010,7100,{'n' * 201}\n", "", [(2, "The note is longer than 200 characters.")]),
        (HEAD + "account,5010,7100,\ntax,5010,A,\naccount,5010,7200,\n", "", [(4, "Line 2 is for the same code.")]),
        (HEAD + 'account,"5010\n5011",7100,\naccount,5010,,\n', "", [(4, "The accounting code is empty.")]),
    ],
)  # fmt: skip
def test_lines_that_cannot_be_taken_say_why(text: str, family: str, expected: list[tuple[int, str]]) -> None:
    assert bad(text, family) == expected


def test_a_file_that_is_no_csv_says_so() -> None:
    found = read(HEAD + "account,5010," + "7" * 200_000 + "\n").bad
    assert [each.line for each in found] == [2]
    assert found[0].reason.startswith("It is no CSV:")


def test_a_file_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "MOST_ROWS", 2)
    contents = read("Source code,Accounting code\n1,a\n2,b\n3,c\n4,d\n", "tax")
    assert (contents.rows, contents.bad) == ((), (BadRow(4, table_files.TOO_MANY),))


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("Account", "account"),
        (" account code ", "account"),
        ("TAX", "tax"),
        ("dimension:department", "dimension:department"),
        ("Dimension: Cost Centre", "dimension:cost centre"),
        ("department", None),
        ("", None),
        ("dimension:" + "x" * 101, None),
    ],
)
def test_families_as_people_write_them(text: str, family: str | None) -> None:
    assert family_from_text(text) == family


@pytest.mark.django_db
def test_an_export_is_safe_to_open_and_is_read_back_as_it_was() -> None:
    demo = DemoConnectionFactory.create()
    stored = [
        ("account", "-5", "=1+1", "@SUM"),
        ("account", "'=x", "+44", ""),
        ("dimension:cost centre", "a,b", 'say "x"', "line\nbreak"),
        ("tax", "T1", "20% VAT", ""),
    ]
    for family, source_code, accounting_code, note in stored:
        MappedCode.objects.create(
            connection=demo, family=family, source_code=source_code, accounting_code=accounting_code, note=note
        )
    lines = list(csv_lines(demo))
    assert lines[0] == "\ufeffFamily,Source code,Accounting code,Note\r\n"
    assert "account,'-5,'=1+1,'@SUM\r\n" in lines
    found = read("".join(lines))
    assert found.bad == ()
    assert sorted((row.family, row.source_code, row.accounting_code, row.note) for row in found.rows) == sorted(stored)


@given(st.text())
def test_what_is_made_safe_can_be_told_from_what_was_so_before(text: str) -> None:
    assert unsafe(safe(text)) == text
    assert not safe(text).lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_a_line_of_csv_is_quoted_where_it_must_be() -> None:
    assert csv_line(["a", "b,c", 'd"e']) == 'a,"b,c","d""e"\r\n'
