"""The benchmark of purchases to expect reads its file and adds up its errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import expected
from loyalty_pos.domain.habits.expected import Known

SAMPLE = """\
 00004 0001 19970101  2   29.33
 00004 0001 19970115  2   29.73
 00004 0001 19970115  1    9.73
 00004 0001 19971202  1   14.96
 00004 0001 19971202  3   26.48
 00021 0002 19970930  3   63.34
"""


def test_days_and_purchases_are_told_apart(tmp_path: Path) -> None:
    """Two purchases of one day are one day; what came after the cut is not known before it."""
    file = tmp_path / "sample.txt"
    file.write_text(SAMPLE, encoding="ascii")
    first, second = expected.read(file)
    assert first == (Known(1, 2.0, 272 / 7), 1, 2)
    assert second == (Known(0, 0.0, 0.0), 0, 0)
    assert expected.run(file)["customers"] == 2


def test_errors_are_those_of_the_figures() -> None:
    """Off by 1, 0 and -2."""
    assert expected.errors([2, 1, 0], [1, 1, 2]) == {"mae": 1.0, "rmse": pytest.approx(1.291), "total": 0.75}
