from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from integrations.accessplanit.merging import merged
from integrations.documents import Line

PENNY = Decimal("0.01")


def line(net: str | Decimal, tax: str | Decimal, rate: str | None = "20", number: int = 1) -> Line:
    net, tax = Decimal(net), Decimal(tax)
    return Line(number=number, description=f"{net}", net=net, tax=tax, gross=net + tax, tax_code=rate)


def nets(*lines: Line) -> list[Decimal]:
    return [one.net for one in merged(lines, PENNY)]


def test_a_discount_is_spread_in_proportion() -> None:
    found = merged((line("300", "60"), line("-10", "-2"), line("100", "20")), PENNY)
    assert [(one.number, one.net, one.tax, one.gross) for one in found] == [
        (1, Decimal("292.50"), Decimal("58.50"), Decimal("351.00")),
        (2, Decimal("97.50"), Decimal("19.50"), Decimal("117.00")),
    ]


def test_the_last_takes_the_rounding() -> None:
    assert nets(line("10", "0"), line("10", "0"), line("10", "0"), line("-10", "0")) == [
        Decimal("6.67"),
        Decimal("6.66"),
        Decimal("6.67"),
    ]


def test_each_rate_by_itself() -> None:
    assert nets(line("100", "20"), line("50", "0", "0"), line("-10", "0", "0")) == [100, 40]


def test_what_outweighs_its_rate_stays() -> None:
    assert nets(line("100", "20"), line("5", "0", "0"), line("-10", "0", "0")) == [100, 5, -10]


def test_without_a_rate_nothing_is_spread() -> None:
    assert nets(line("100", "11", None), line("-10", "-3", None)) == [100, -10]


def test_what_carries_nothing_is_left_alone() -> None:
    lines = (line("100", "20", number=1), line("50", "10", number=2))
    assert merged(lines, PENNY) == lines


AMOUNTS = st.integers(-10_000_000, 10_000_000)
LINES = st.lists(
    st.tuples(AMOUNTS, AMOUNTS, st.sampled_from(["20", "5", "0", None]), st.sampled_from([2, 2, 2, 4])), max_size=40
)


@given(LINES)
def test_sums_never_change_and_no_line_that_could_be_spread_is_negative(drawn: list[tuple[int, int, str, int]]) -> None:
    lines = [line(Decimal(net).scaleb(-places), Decimal(tax).scaleb(-places), rate) for net, tax, rate, places in drawn]
    found = merged(lines, PENNY)
    before, after = sums(lines), sums(found)
    assert before == after
    assert all(one.gross == one.net + one.tax for one in found)
    for rate, (net, tax) in before.items():
        of_rate = [one for one in found if one.tax_code == rate]
        had_carrier = any(one.net >= 0 and one.tax >= 0 for one in lines if one.tax_code == rate)
        if rate is not None and net >= 0 and tax >= 0 and had_carrier and has_sane_signs(lines, rate):
            assert all(one.net >= 0 and one.tax >= 0 for one in of_rate), rate


def has_sane_signs(lines: list[Line], rate: str) -> bool:
    """Whether what is negative takes off no more of either amount than there is to carry it."""
    return all(one.net <= 0 and one.tax <= 0 for one in lines if one.tax_code == rate and (one.net < 0 or one.tax < 0))


def sums(lines: list[Line] | tuple[Line, ...]) -> dict[str | None, tuple[Decimal, Decimal]]:
    found: dict[str | None, tuple[Decimal, Decimal]] = defaultdict(lambda: (Decimal(0), Decimal(0)))
    for one in lines:
        net, tax = found[one.tax_code]
        found[one.tax_code] = (net + one.net, tax + one.tax)
    return dict(found)


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=60), st.integers(0, 100))
def test_pennies_are_enough_for_pennies(pennies: list[int], percent: int) -> None:
    """Many small lines and a discount close to all of them: where rounding line by line would overdraw the last."""
    lines = [line(Decimal(one) * PENNY, "0", "0") for one in pennies]
    off = (sum(pennies) * percent // 100) * PENNY
    found = merged([*lines, line(-off, "0", "0")], PENNY) if off else tuple(lines)
    assert sum(one.net for one in found) == sum(pennies) * PENNY - off
    for one, was in zip(found, lines, strict=True):
        assert 0 <= one.net <= was.net
        assert one.net % PENNY == 0
