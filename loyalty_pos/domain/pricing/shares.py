"""What each unit is worth on return: the nets, with every multi-buy's discount spread out (S25).

Invariant: over the units that one multi-buy application consumed, and over all other units one
by one, refunds and nets have the same sum; so all refunds sum to the net of the bill.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from loyalty_pos.domain.pricing.board import Board
from loyalty_pos.domain.pricing.result import UnitRun
from loyalty_pos.domain.pricing.table import Applied, Cut, Table, shared


def unit_runs(table: Table) -> dict[str, list[UnitRun]]:
    """Line id -> its units in stored order, equal neighbours as one run."""
    board = table.board
    worth = refunds(board, table.left, table.done)
    runs: dict[str, list[UnitRun]] = {}
    for number, line in enumerate(board.lines):
        units = range(board.first[number], board.first[number + 1])
        price = line.unit_price if isinstance(line.quantity, int) else board.gross[number]
        figures = [(price - table.left[unit], table.left[unit], worth[unit]) for unit in units]
        runs[line.line] = [UnitRun(len(list(same)), *key) for key, same in groupby(figures)]
    return runs


def refunds(board: Board, nets: Sequence[int], done: Sequence[Applied]) -> list[int]:
    """The refund of every unit after all cuts, in order."""
    cuts = [cut for applied in done for _, cut in applied.cuts]
    if not any(cut.consumed for cut in cuts):
        return list(nets)
    worth = list(board.start)
    pools: dict[int, Sequence[int]] = {}
    for cut in cuts:
        if cut.consumed:
            pools.update(dict.fromkeys(cut.consumed, cut.consumed))
            _lower(board, worth, cut.consumed, cut.total)
        else:
            _lower_each(board, worth, cut, pools)
    return worth


def _lower_each(board: Board, worth: list[int], cut: Cut, pools: dict[int, Sequence[int]]) -> None:
    """A later discount: unit by unit, but within a pool over the covered units by their worth.

    Where the covered units of a pool are worth less than the discount that fell on them (a free
    cake's partner, say), the rest of the pool bears what is over.
    """
    covered: dict[int, list[int]] = {}
    amounts: dict[int, int] = {}
    for unit, amount in zip(cut.units, cut.amounts, strict=True):
        pool = pools.get(unit)
        if pool is None:
            worth[unit] -= amount
        else:
            covered.setdefault(pool[0], []).append(unit)
            amounts[pool[0]] = amounts.get(pool[0], 0) + amount
    for key, units in covered.items():
        here = min(amounts[key], sum(map(worth.__getitem__, units)))
        _lower(board, worth, units, here)
        if here < amounts[key]:
            members = set(units)
            others = [unit for unit in pools[units[0]] if unit not in members]
            _lower(board, worth, others, amounts[key] - here)


def _lower(board: Board, worth: list[int], units: Sequence[int], amount: int) -> None:
    """Take ``amount`` from some units by their worth: over lines, then over units (S4)."""
    for unit, part in zip(units, shared(board, amount, units, worth), strict=True):
        worth[unit] -= part
