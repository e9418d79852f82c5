"""What a return gives back and takes back, from the figures that the sale stored.

Invariant: any way of returning a sale in parts ends with the figures of returning it at once,
to the đồng and to the point, and a full return leaves nothing behind (S25-S30).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from loyalty_pos.domain.points import EarnPlan, Worth, earned
from loyalty_pos.domain.pricing.result import UnitRun
from loyalty_pos.errors import BadInput, Refused


class SoldLine(Struct, frozen=True, kw_only=True):
    """One line as stored; ``returned`` counts units that came back before."""

    line: str
    quantity: int | str
    runs: list[UnitRun]
    returned: int = 0

    @property
    def units(self) -> int:
        """Units sold; a weighed line is one (S4)."""
        return sum(run.count for run in self.runs)


class SoldSale(Struct, frozen=True, kw_only=True):
    """A settled sale and what earlier returns of it did.  Money in minor units."""

    lines: list[SoldLine]
    earning: EarnPlan
    earned: int = 0
    redeemed: int = 0
    points_value: int = 0
    refunded: int = 0
    paid_back: int = 0
    taken_back: int = 0
    given_back: int = 0
    value: int = 0
    """What gift cards and wallets were to pay."""
    value_paid: int = 0
    """What they really paid; the rest of it the store bore."""
    value_back: int = 0

    @property
    def net(self) -> int:
        """What the units are worth together: the net of the bill."""
        return sum(run.count * run.refund for line in self.lines for run in line.runs)


class LineBack(Struct, frozen=True):
    """One line of a return: the units that come back and what they are worth."""

    line: str
    units: int
    refund: int


class ReturnOutcome(Struct, frozen=True):
    """What this return does; ``pay_back`` is the money handed out (S31), ``value_back`` what goes back on
    gift cards and wallets."""

    lines: list[LineBack]
    refund: int
    pay_back: int
    taken_back: int
    given_back: int
    full: bool
    """Nothing of the sale is kept: limits, counters and coupons are given back too (S29, S30)."""
    value_back: int = 0


def units_back(sale: SoldSale, wanted: Sequence[tuple[str, int | str]]) -> dict[str, int]:
    """Line id -> units to return.

    BadInput names an unknown or repeated line and a weighed line that does not come back whole
    (S4); Refused ``more_than_bought`` when fewer units are left (S31).
    """
    lines = {line.line: line for line in sale.lines}
    back: dict[str, int] = {}
    for index, (name, quantity) in enumerate(wanted):
        line = lines.get(name)
        if line is None or name in back:
            code = "unknown" if line is None else "duplicate"
            raise BadInput("invalid", errors={f"lines.{index}.line": [code]})
        back[name] = _units(line, quantity, index)
        if back[name] > line.units - line.returned:
            raise Refused("more_than_bought")
    return back


def _units(line: SoldLine, quantity: int | str, index: int) -> int:
    if isinstance(line.quantity, str):
        if quantity != 1 and Decimal(quantity) != Decimal(line.quantity):
            raise BadInput("invalid", errors={f"lines.{index}.quantity": ["whole_line_only"]})
        return 1
    if isinstance(quantity, str) or quantity < 1:
        raise BadInput("invalid", errors={f"lines.{index}.quantity": ["whole_units_only"]})
    return quantity


def compute_return(sale: SoldSale, back: Mapping[str, int]) -> ReturnOutcome:
    """The outcome of returning ``back`` (from ``units_back``) after all earlier returns."""
    lines = [
        LineBack(
            line.line,
            back[line.line],
            sum(run.count * run.refund for run in _between(line, line.returned, back[line.line])),
        )
        for line in sale.lines
        if back.get(line.line)
    ]
    refund = sum(line.refund for line in lines)
    full = all(line.returned + back.get(line.line, 0) == line.units for line in sale.lines)
    given = _points_given(sale, sale.refunded + refund, full)
    money = _money(sale, sale.refunded + refund, given)
    return ReturnOutcome(
        lines=lines,
        refund=refund,
        pay_back=max(0, money - min(money, sale.value) - sale.paid_back),
        value_back=max(0, min(money, sale.value_paid) - sale.value_back),
        taken_back=_points_taken(sale, back, given),
        given_back=given - sale.given_back,
        full=full,
    )


def late_earned(sale: SoldSale) -> int:
    """What a sale without a member would have earned, for the units that are still kept."""
    whole = earned(sale.earning, {line.line: _worth(line.runs, lambda run: run.net) for line in sale.lines}, 0)
    if not any(line.returned for line in sale.lines):
        return whole
    return min(whole, earned(sale.earning, {line.line: _kept(line, line.returned) for line in sale.lines}, 0))


def _points_given(sale: SoldSale, refunded: int, full: bool) -> int:
    """Spent points given back so far: in proportion to the refunded share, all at the end (S28)."""
    if full or not sale.net:
        return sale.redeemed
    return max(sale.given_back, sale.redeemed * refunded // sale.net)


def _money(sale: SoldSale, refunded: int, given: int) -> int:
    """Money to be back in all: what was refunded less the value of points given back.

    Never more than was paid; what whole points cannot express today evens out with the next
    units (S28).  Gift cards and wallets get theirs first, so that none is ever turned into cash.
    """
    value = given * sale.points_value // sale.redeemed if sale.redeemed else 0
    return min(refunded - value, sale.net - sale.points_value)


def worth_kept(line: SoldLine, back: int) -> int:
    """What the units are worth that are still kept after ``back`` more have come back."""
    return _kept(line, line.returned + back).paid


def _points_taken(sale: SoldSale, back: Mapping[str, int], given: int) -> int:
    """Points to take back now: earned, less what the kept goods earn by the same rules (S26)."""
    kept_value = (sale.redeemed - given) * sale.points_value // sale.redeemed if sale.redeemed else 0
    kept = {line.line: _kept(line, line.returned + back.get(line.line, 0)) for line in sale.lines}
    target = sale.earned - min(sale.earned, earned(sale.earning, kept, kept_value))
    return max(0, target - sale.taken_back)


def _kept(line: SoldLine, gone: int) -> Worth:
    return _worth(list(_between(line, gone, line.units - gone)), lambda run: run.refund)


def _worth(runs: Sequence[UnitRun], paid: Callable[[UnitRun], int]) -> Worth:
    return Worth(
        sum(run.count for run in runs),
        sum(run.count * paid(run) for run in runs),
        sum(run.count * (run.net + run.discount) for run in runs),
    )


def _between(line: SoldLine, skip: int, count: int) -> Iterator[UnitRun]:
    """The runs of ``count`` units after the first ``skip``, in stored order (S25)."""
    for run in line.runs:
        passed = min(skip, run.count)
        taken = min(count, run.count - passed)
        skip -= passed
        count -= taken
        if taken:
            yield UnitRun(taken, run.discount, run.net, run.refund)
