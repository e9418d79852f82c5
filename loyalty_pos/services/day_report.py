"""The day's report: a few figures of a business day, with the head of the seals for somebody to keep on paper."""

from __future__ import annotations

from datetime import date, timedelta

from msgspec import Struct

from loyalty_pos.services import seals
from loyalty_pos.services.context import Services
from loyalty_pos.storage import day_report
from loyalty_pos.storage import seals as chain
from loyalty_pos.storage.day_report import DayFigures
from loyalty_pos.storage.tx import Tx


class DayReport(Struct, frozen=True):
    """A business day; ``head`` is that of the chain of seals now, ``unsealed`` the facts that wait for one."""

    day: date
    currency: str
    figures: DayFigures
    head: str | None
    unsealed: int


def day(services: Services, wanted: date | None = None) -> DayReport:
    """The report of a business day (default: today's), over all stores."""

    def work(tx: Tx) -> DayReport:
        programme = services.rules.current(tx).programme
        one = wanted or programme.business_date(services.now_ms())
        start, end = programme.business_day(one), programme.business_day(one + timedelta(days=1))
        figures = day_report.day(tx, one.isoformat(), start, end)
        return DayReport(one, programme.currency, figures, seals.head(tx), chain.unsealed(tx))

    return services.store.read(work)
