"""The segments that come with the product, each made when somebody asks for it.

They are rules like any other: once made, the shop may change them.  Those that depend on the shop
(its stores, its kinds of goods, what much spending is there) are told what they need.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

Json = dict[str, Any]
GROUPS = {
    "rhythm": ("Có sẵn: theo nhịp mua", "Ready: by rhythm"),
    "habit": ("Có sẵn: theo thói quen", "Ready: by habit"),
    "person": ("Có sẵn: theo tuổi", "Ready: by age"),
    "place": ("Có sẵn: theo cửa hàng", "Ready: by store"),
    "kind": ("Có sẵn: theo nhóm hàng", "Ready: by kind of goods"),
}
BIG_SPENDERS = "big-spenders"
TOP_PERCENT = 10
YEAR = 365


class Ready(NamedTuple):
    """One of them: its code, where it stands in the list, its name and its rule."""

    code: str
    group: str
    name: dict[str, str]
    rule: Json


def _one(field: str, op: str, value: Any, **beside: Any) -> Json:
    return {"field": field, "op": op, "value": value} | beside


def _ready(code: str, group: str, vi: str, en: str, *conditions: Json) -> Ready:
    return Ready(code, group, {"vi": vi, "en": en}, {"all": [*conditions]})


FIXED: tuple[Ready, ...] = (
    _ready("first-time", "rhythm", "Mới mua lần đầu", "First-time buyers",
           _one("visits", "=", 1), _one("first_purchase", "within_days", 30)),
    _ready("repeat", "rhythm", "Đã quay lại", "Repeat buyers",
           _one("visits", ">=", 2), _one("last_purchase", "within_days", 60)),
    _ready("loyal", "rhythm", "Khách quen", "Loyal",
           _one("visits", ">=", 12, days=YEAR), _one("last_purchase", "within_days", 45)),
    _ready("slipping", "rhythm", "Đang thưa dần", "Slipping away",
           _one("visits", ">=", 4, days=YEAR), _one("last_purchase", "between", [46, 120])),
    _ready("lapsed", "rhythm", "Lâu không mua", "Lapsed", _one("last_purchase", ">=", 121)),
    _ready("birthday-week", "habit", "Sinh nhật trong tuần", "Birthday this week", _one("birthday", "within_days", 6)),
    _ready("coupon-lovers", "habit", "Mê phiếu giảm giá", "Coupon lovers", _one("coupons_used", ">=", 3, days=YEAR)),
    _ready("one-category", "habit", "Chỉ mua một nhóm hàng", "One-category shoppers",
           _one("visits", ">=", 3), _one("categories_bought", "=", 1)),
    _ready("age-under-25", "person", "Dưới 25 tuổi", "Under 25", _one("age", "<=", 24)),
    _ready("age-25-34", "person", "25 đến 34 tuổi", "25 to 34", _one("age", "between", [25, 34])),
    _ready("age-35-49", "person", "35 đến 49 tuổi", "35 to 49", _one("age", "between", [35, 49])),
    _ready("age-50-up", "person", "Từ 50 tuổi", "50 and over", _one("age", ">=", 50)),
)  # fmt: skip


def big_spenders(threshold: int) -> Ready:
    """Those who spent at least ``threshold`` minor units in a year."""
    return _ready(BIG_SPENDERS, "habit", f"Chi tiêu cao nhất {TOP_PERCENT}%", f"Top {TOP_PERCENT}% by spend",
                  _one("spend", ">=", threshold, days=YEAR))  # fmt: skip


def of_store(code: str, name: str) -> Ready:
    """Those whose usual store is this one."""
    return _ready(f"store-{code}"[:64], "place", f"Hay ghé {name}", f"Usually at {name}", _one("store", "in", [code]))


def of_kind(category: str, vi: str, en: str) -> Ready:
    """Those whose favourite goods are of this category."""
    code = "kind-" + re.sub(r"[^A-Za-z0-9._-]", "-", category)
    condition = _one("favourite_category", "in", [category])
    return _ready(code[:64], "kind", f"Hay mua {vi}", f"Fond of {en}", condition)
