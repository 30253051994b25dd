"""A file of transactions: what it says, and every problem by line and column."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from integrations.documents import Dimension, Kind, Stage
from portal.raising.checking import check_each
from portal.raising.csv_files import MOST_BYTES, TEMPLATE, Parsed, read
from portal.raising.wanted import Problem, Wanted, WantedLine

HEAD = "key,kind,supplier_code,date,description,net,tax,account_code,tax_code"


def told(parsed: Parsed) -> list[tuple[int, str, str]]:
    return [(each.line, each.column, each.message) for each in parsed.problems]


def file(*rows: str, head: str = HEAD) -> bytes:
    return "\r\n".join([head, *rows, ""]).encode()


def test_the_template_is_one_order_one_invoice_and_one_credit_note_without_an_error() -> None:
    parsed = read(TEMPLATE.encode())
    assert parsed.problems == ()
    assert [(one.key, one.kind, len(one.lines)) for one in parsed.wanted] == [
        ("order-2026-001", Kind.PURCHASE_ORDER, 1),
        ("invoice-2026-001", Kind.INVOICE, 2),
        ("credit-2026-001", Kind.CREDIT_NOTE, 1),
    ]
    assert list(check_each(parsed.wanted, stage=Stage.DRAFT, base_currency="GBP")) == []


def test_rows_with_the_same_key_are_one_transaction_wherever_they_stand() -> None:
    parsed = read(
        file(
            "A,invoice,S1,2026-11-20,First,10.00,2.00,5010,T1",
            "B,order,S2,,Other,1.00,0.00,,",
            "",
            "A,,,,Second,5.00,1.00,,",
            "A,invoice,S1,2026-11-20,Third,1.00,0.20,5010,T1",
        )
    )
    assert parsed.problems == ()
    assert parsed.wanted[0] == Wanted(
        key="A",
        kind=Kind.INVOICE,
        supplier_code="S1",
        date=date(2026, 11, 20),
        line=2,
        lines=(
            WantedLine(
                description="First", net=Decimal("10.00"), tax=Decimal("2.00"), account_code="5010", tax_code="T1",
                line=2,
            ),
            WantedLine(description="Second", net=Decimal("5.00"), tax=Decimal("1.00"), line=5),
            WantedLine(
                description="Third", net=Decimal("1.00"), tax=Decimal("0.20"), account_code="5010", tax_code="T1",
                line=6,
            ),
        ),
    )  # fmt: skip
    assert [one.key for one in parsed.wanted] == ["A", "B"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_commas_semicolons_and_tabs_separate(delimiter: str) -> None:
    text = file("A,order,S1,,Room,10.00,2.00,,").decode().replace(",", delimiter)
    parsed = read(text.encode())
    assert (parsed.problems, parsed.wanted[0].lines[0].net) == ((), Decimal("10.00"))


def test_decimal_commas_are_read_where_the_cells_are_separated_by_semicolons() -> None:
    parsed = read(b"key;kind;description;net;tax\nA;order;Room;1.234,50;246,90\n")
    assert (parsed.wanted[0].lines[0].net, parsed.wanted[0].lines[0].tax) == (Decimal("1234.50"), Decimal("246.90"))


def test_a_byte_order_mark_and_spaced_headings_are_no_matter() -> None:
    head = " Key ,KIND,Supplier code,date,description,net,tax,Account Code,tax_code"
    data = b"\xef\xbb\xbf" + file("A,order,S1,,Caf\u00e9,10.00,2.00,5010,", head=head)
    parsed = read(data)
    assert parsed.problems == ()
    assert (parsed.wanted[0].supplier_code, parsed.wanted[0].lines[0].description) == ("S1", "Caf\u00e9")


def test_windows_1252_is_read_and_said() -> None:
    parsed = read(file("A,order,S1,,Caf\u00e9 \u20ac,10.00,2.00,,").decode().encode("cp1252"))
    assert parsed.wanted[0].lines[0].description == "Caf\u00e9 \u20ac"
    assert parsed.problems == (
        Problem(
            message="The file is not UTF-8; it was read as Windows-1252 (cp1252). "
            "Look whether letters with accents are right.",
            is_warning=True,
        ),
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (HEAD.encode("utf-16"), "The file is UTF-16 text. Save it as “CSV UTF-8” and upload it again."),
        (
            b"key\x81,kind",
            "The file is no text: neither UTF-8 nor Windows-1252. Save it as “CSV UTF-8” and upload it again.",
        ),
        (b"x" * (MOST_BYTES + 1), "The file is larger than 1 MB. Split it into several."),
    ],
)
def test_a_file_that_is_no_text_or_too_large_is_refused(data: bytes, message: str) -> None:
    assert read(data) == Parsed((), (Problem(message=message),))


def test_a_file_of_more_than_2000_lines_is_refused_whole() -> None:
    rows = [f"K{n},order,S1,,Room,10.00,2.00,," for n in range(1999)]
    assert len(read(file(*rows)).wanted) == 1999
    assert read(file(*rows, "X,order,S1,,Room,1.00,0.00,,")) == Parsed(
        (), (Problem(message="The file has more than 2,000 lines. Split it into several.", line=2001),)
    )


def test_headings_are_demanded_known_and_there_once() -> None:
    assert told(read(b"kind,net,net,colour,dimension:\nA,1,2,blue,x\n")) == [
        (1, "net", "The column net is there twice."),
        (1, "colour", "There is no column “colour”. Take it out, or name it as the template does."),
        (1, "dimension:", "There is no column “dimension:”. Take it out, or name it as the template does."),
        (1, "key", "The first line must name the columns; the column key is missing. Begin with the template."),
        (
            1,
            "description",
            "The first line must name the columns; the column description is missing. Begin with the template.",
        ),
    ]
    empty = "The file has no transactions. The first line names the columns; each line after it is one line of one."
    assert told(read(file())) == [(0, "", empty)]


def test_every_problem_is_told_by_line_and_column_and_everything_else_is_read() -> None:
    parsed = read(
        file(
            'A,invoice,S1,20/11/2026,Room,"1,234",2.00,5010,T1',
            "A,order,S1,,Room,10.00,£2,5010,T1",
            ",order,S1,,Room,10.00,2.00,,",
            "C,receipt,S1,,Room,10.00,2.00,,,9",
            "D,receipt,S1,,Room,10.00,2.00,,",
        )
    )  # fmt: skip
    assert told(parsed) == [
        (2, "date", "“20/11/2026” is no date: write it as 2026-11-20."),
        (2, "net", "“1,234” can be read as 1234 and as 1.234: write 1234 or 1.2340."),
        (3, "kind", "It says “order” here and “invoice” in line 2, but both belong to the transaction A."),
        (3, "tax", "“£2” is no number: write it as 1234.50, without a currency."),
        (4, "key", "The key is empty. Give every transaction a key of yours that no other one has."),
        (5, "", "The line has more cells than the first line has columns. Is a text with a comma not quoted?"),
        (6, "kind", "“receipt” is no kind: write purchase_order, invoice or credit_note."),
    ]
    first, last = parsed.wanted
    assert (first.unread, [line.unread for line in first.lines]) == (
        frozenset({"date"}),
        [frozenset({"net"}), frozenset({"tax"})],
    )
    assert (last.key, last.unread) == ("D", frozenset({"kind"}))


def test_what_could_not_be_read_is_not_called_missing_as_well() -> None:
    parsed = read(file('A,invoice,S1,20/11/2026,Room,"1,234",2.00,5010,T1'))  # fmt: skip
    found = check_each(parsed.wanted, stage=Stage.APPROVED, base_currency="GBP")
    assert [each.message for each in found if not each.is_warning] == []


def test_dimensions_have_columns_of_their_own_and_an_apostrophe_before_a_formula_is_ours() -> None:
    head = "key,kind,description,net,tax,dimension: Cost Centre,Dimension:Project"
    parsed = read(file("A,order,'=Room,10.00,2.00,TRN,", "A,,More,1.00,0.00,,P-7", head=head))
    assert parsed.problems == ()
    assert [(line.description, line.dimensions) for line in parsed.wanted[0].lines] == [
        ("=Room", (Dimension(name="Cost Centre", code="TRN"),)),
        ("More", (Dimension(name="Project", code="P-7"),)),
    ]
