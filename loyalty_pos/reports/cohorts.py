"""Do new members come back?  Those who first bought in a month, and how many of them bought in each month since."""

from __future__ import annotations

from datetime import date
from typing import Any

from loyalty_pos.reports.span import spanned
from loyalty_pos.services.context import Caller, Services
from loyalty_pos.storage import member_figures
from loyalty_pos.storage.tx import Tx

CODE = "cohorts"
NAME = {"vi": "Khách mới có quay lại không?", "en": "Do new members come back?"}
MONTHS = 8
COLUMNS = {
    "month": {"vi": "Vào", "en": "First bought"},
    **{f"m{number}": {"vi": f"+{number}", "en": f"+{number}"} for number in range(MONTHS)},
}


def rows(
    services: Services, caller: Caller, first: str | None, last: str | None
) -> tuple[str, str, list[dict[str, Any]]]:
    """Members by month (YYYY-MM) of their first purchase, the oldest first; ``m0`` all of them, ``m1`` who bought in
    the month after; None in months to come.  Eight months up to that of the last day; ``m0`` is the cohort."""

    def work(tx: Tx) -> tuple[str, str, list[dict[str, Any]]]:
        programme = services.rules.current(tx).programme
        span = spanned(tx, programme, caller, services.now_ms(), first, last)
        months = [_month(span.last, back) for back in range(MONTHS - 1, -1, -1)]
        counted = {(cohort, month): n for cohort, month, n in
                   member_figures.cohorts(tx, [programme.day_begins(month) for month in months])}  # fmt: skip
        names = [f"{month:%Y-%m}" for month in months]
        found = []
        for cohort, name in enumerate(names):
            row: dict[str, Any] = {"month": name}
            for number in range(MONTHS):
                known = cohort + number < MONTHS
                row[f"m{number}"] = counted.get((cohort, names[cohort + number]), 0) if known else None
            found.append(row)
        return months[0].isoformat(), span.days.last, found

    return services.store.read(work)


def _month(day: date, back: int) -> date:
    """The first day of the month ``back`` months before."""
    number = day.year * 12 + day.month - 1 - back
    return date(number // 12, number % 12 + 1, 1)
