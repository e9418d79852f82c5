"""Where a member stands: new, active, regular, slipping, lapsed or won back, judged by their own rhythm.

The rhythm is the member's, shrunk to the shop's (``due.py``).  Silent for longer than two usual gaps, and than a gap
that deviates twice as much as usual, is slipping; twice that silence is lapsed.  An absence that long
is no gap of the rhythm: whoever comes back from one is won back for their first ``AGAIN`` days.

Invariant: of two members with the same past, the one who was silent longer is never nearer.  Days are numbers of
local days with a purchase, ascending.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from msgspec import Struct

from loyalty_pos.domain.habits import due
from loyalty_pos.domain.habits.due import Gaps, Rhythm, gaps_of, rhythm, say_days
from loyalty_pos.domain.pricing.say import Say

State = Literal["new", "active", "regular", "slipping", "lapsed", "won_back"]
STATES: tuple[State, ...] = ("new", "active", "regular", "slipping", "lapsed", "won_back")

KNOWN = 3
"""Days with a purchase from which somebody is not new any more."""
STEADY = 6
"""Days with a purchase from which somebody can be a regular."""
AGAIN = 3
"""Days with a purchase for which somebody who came back is won back."""
LONGEST = 365
"""Nobody is silent for longer without having lapsed."""


class Lifecycle(Struct, frozen=True):
    """Where a member stands and by what it was judged, in days."""

    state: State
    visits: int
    """Days with a purchase."""
    silence: int
    """Since the last of them."""
    usual: int
    """One gap of their rhythm, rounded as the other figures are."""
    slips_after: int
    away: int
    """How long they had been away, of one who was won back."""


def lifecycle(days: Sequence[int], today: int, usual_gap: Gaps) -> Lifecycle:
    """Where somebody stands who bought on these days, at least one; ``usual_gap`` is one gap of the shop's."""
    own, away, since = _gaps(days, usual_gap)
    beat = rhythm(own, usual_gap)
    silence = max(today - days[-1], 0)
    state = _state(len(days), silence, own, beat, since if away else None)
    absent = away if state == "won_back" else 0
    return Lifecycle(state, len(days), silence, round(beat.mean), round(_limit(beat)), absent)


def _gaps(days: Sequence[int], usual_gap: Gaps) -> tuple[Gaps, int, int]:
    """(the gaps of the rhythm, the last absence in days or 0, days with a purchase since it)."""
    own, away, since = Gaps(), 0, 1
    for earlier, later in pairwise(days):
        gap = later - earlier
        if gap > _lapses_after(rhythm(own, usual_gap)):
            away, since = gap, 1
        else:
            own, since = own + gaps_of([gap]), since + 1
    return own, away, since


def _limit(beat: Rhythm) -> float:
    return min(beat.mean + max(2 * beat.deviation, beat.mean), LONGEST / 2)


def _lapses_after(beat: Rhythm) -> float:
    return 2 * _limit(beat)


def _state(visits: int, silence: int, own: Gaps, beat: Rhythm, since: int | None) -> State:
    if silence > _lapses_after(beat):
        return "lapsed"
    if silence > _limit(beat):
        return "slipping"
    if since is not None and since <= AGAIN:
        return "won_back"
    if visits < KNOWN:
        return "new"
    return "regular" if visits >= STEADY and steady(own) else "active"


def steady(own: Gaps) -> bool:
    """Whether gaps deviate less from their mean than those of chance would: by less than the mean."""
    return bool(own.number) and own.squares * own.number < 2 * own.total * own.total


def because(life: Lifecycle, say: Say) -> str:
    """Why somebody stands where they stand, as a sentence."""
    beat, silent = say_days(life.usual, say), say_days(life.silence, say)
    if life.state == "new":
        return say.text(
            f"Mới mua {say.number(life.visits)} ngày, chưa đủ để biết nhịp.",
            f"Has bought on {say_days(life.visits, say)} so far, too few to know a rhythm.",
        )
    if life.state == "won_back":
        return say.text(
            f"Đã quay lại sau {say_days(life.away, say)} vắng mặt.", f"Came back after {say_days(life.away, say)} away."
        )
    if life.state in ("slipping", "lapsed"):
        late = say_days(life.slips_after * (1 if life.state == "slipping" else 2), say)
        if life.visits < KNOWN:
            return say.text(
                f"Mới mua {say.number(life.visits)} ngày, đã {silent} chưa quay lại (quá {late}).",
                f"Has bought on {say_days(life.visits, say)} only, and has been away for {silent} (more than {late}).",
            )
        return say.text(
            f"Thường {beat} mua một lần, đã {silent} chưa quay lại (quá {late}).",
            f"Usually buys every {beat}, has been away for {silent} (more than {late}).",
        )
    if life.state == "regular":
        return say.text(
            f"Mua đều, khoảng {beat} một lần, lần cuối {silent} trước.",
            f"Buys steadily, about every {beat}, last {silent} ago.",
        )
    return due.because(life.usual, life.silence, say)
