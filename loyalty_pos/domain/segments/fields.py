"""What a segment's rule may ask for: one line a field, the only place that declares it.

A field has a kind, and the kind its operators and its bounds.  ``fact`` names what is compared: a
stored column (``profiles.visits``), or a figure that the reading side works out under that name.
Invariant: form, decoding, sentence, JSON Schema and query are all drawn from this table, so that a
further column is one further line.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["count", "money", "points", "percent", "years", "past", "yearly", "one", "many"]
Operator = Literal[">=", "<=", "=", "between", "within_days", "in", "exists"]
Group = Literal["profile", "bought", "person", "place", "programme", "coupons", "consents", "lifecycle"]

MOST_MONEY = 10**12
MOST_DAYS = 36_500
LONGEST_WINDOW = 3_660

_FIGURE: tuple[Operator, ...] = (">=", "<=", "=", "between")
OPERATORS: dict[Kind, tuple[Operator, ...]] = {
    "count": _FIGURE,
    "money": _FIGURE,
    "points": _FIGURE,
    "percent": _FIGURE,
    "years": _FIGURE,
    "past": ("within_days", ">=", "between", "exists"),
    "yearly": ("within_days", "exists"),
    "one": ("in", "exists"),
    "many": ("in",),
}
"""Of a past moment ``>=`` and ``between`` count local days ago; ``within_days`` of a birthday looks ahead."""

LARGEST: dict[Kind, int] = {
    "count": 10**6, "money": MOST_MONEY, "points": MOST_MONEY, "percent": 100, "years": 120, "past": MOST_DAYS,
    "yearly": 365,
}  # fmt: skip
"""The largest value of a kind; the smallest is 0.  Money is in minor units."""


class Field(NamedTuple):
    """One thing that is known of a member."""

    name: str
    group: Group
    kind: Kind
    fact: str
    vi: str
    en: str
    choices: str = ""
    """Where the values of a choice come from: a list of ``CHOICES``, or what the shop has."""
    of: str = ""
    """What ``of`` must name: ``products`` or ``categories``."""
    since: str = ""
    """The fact that answers for the last ``days`` days; empty when the field has no window."""
    ahead: bool = False
    """It looks at the next ``days`` days, and always needs them."""
    sale: bool = False
    """One sale can change it."""

    @property
    def window(self) -> bool:
        """Whether ``days`` may be given."""
        return bool(self.since) or self.ahead


FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        # profile
        Field("visits", "profile", "count", "profiles.visits", "số lần mua", "number of visits",
              since="visits_since", sale=True),
        Field("spend", "profile", "money", "profiles.spend", "chi tiêu", "spend", since="spend_since", sale=True),
        Field("items", "profile", "count", "profiles.items", "số món đã mua", "number of items", sale=True),
        Field("average_basket", "profile", "money", "average_basket", "giá trị hoá đơn trung bình", "average bill",
              sale=True),
        Field("first_purchase", "profile", "past", "profiles.first_at", "lần mua đầu tiên", "first purchase",
              sale=True),
        Field("last_purchase", "profile", "past", "profiles.last_at", "lần mua gần nhất", "last purchase", sale=True),
        Field("weekend_share", "profile", "percent", "weekend_share", "phần mua vào cuối tuần",
              "share of weekend visits", sale=True),
        Field("daypart", "profile", "one", "daypart", "buổi hay mua", "usual part of the day", choices="dayparts",
              sale=True),
        # what was bought
        Field("product_last", "bought", "past", "product_last", "lần mua {of} gần nhất", "last purchase of {of}",
              of="products", sale=True),
        Field("product_times", "bought", "count", "product_times", "số lần mua {of}", "number of purchases of {of}",
              of="products", sale=True),
        Field("product_spend", "bought", "money", "product_spend", "chi tiêu cho {of}", "spend on {of}",
              of="products", sale=True),
        Field("category_last", "bought", "past", "category_last", "lần mua {of} gần nhất", "last purchase of {of}",
              of="categories", sale=True),
        Field("category_times", "bought", "count", "category_times", "số lần mua {of}", "number of purchases of {of}",
              of="categories", sale=True),
        Field("category_spend", "bought", "money", "category_spend", "chi tiêu cho {of}", "spend on {of}",
              of="categories", sale=True),
        Field("favourite_category", "bought", "one", "favourite_category", "nhóm hàng hay mua nhất",
              "favourite category", choices="categories", sale=True),
        Field("categories_bought", "bought", "count", "categories_bought", "số nhóm hàng đã mua",
              "number of categories bought", sale=True),
        # who it is
        Field("age", "person", "years", "people.birthday", "tuổi", "age"),
        Field("gender", "person", "one", "people.gender", "giới tính", "gender", choices="genders"),
        Field("birthday", "person", "yearly", "people.birthday", "sinh nhật", "birthday"),
        Field("interests", "person", "many", "people.interests", "sở thích", "interests", choices="words"),
        # where
        Field("store", "place", "one", "store", "cửa hàng hay ghé nhất", "usual store", choices="stores", sale=True),
        Field("stores_visited", "place", "many", "stores_visited", "cửa hàng từng ghé", "stores visited",
              choices="stores", sale=True),
        Field("enrolled_store", "place", "one", "enrolled_store", "cửa hàng đăng ký", "store of enrolment",
              choices="stores"),
        # the programme
        Field("enrolled", "programme", "past", "members.enrolled_at", "ngày đăng ký", "enrolment"),
        Field("tier", "programme", "one", "members.tier", "hạng", "tier", choices="tiers", sale=True),
        Field("points", "programme", "points", "members.active", "số điểm dùng được", "points to spend", sale=True),
        Field("points_lapsing", "programme", "points", "points_lapsing", "số điểm sắp hết hạn", "points about to lapse",
              ahead=True, sale=True),
        # coupons
        Field("coupons_used", "coupons", "count", "coupons_used", "số phiếu đã dùng", "number of coupons used",
              since="coupons_used_since", sale=True),
        Field("coupons_unused", "coupons", "count", "coupons_unused", "số phiếu chưa dùng",
              "number of coupons not used yet", sale=True),
        Field("coupons_lapsed", "coupons", "count", "coupons_lapsed", "số phiếu để hết hạn",
              "number of coupons let lapse"),
        Field("coupon_given", "coupons", "past", "coupon_given", "phiếu nhận gần nhất", "last coupon given", sale=True),
        # consents
        Field("consent", "consents", "many", "consent", "sự đồng ý", "consents", choices="consents"),
        # the standing of last night
        Field("lifecycle", "lifecycle", "one", "member_standing.state", "giai đoạn", "stage", choices="stages"),
        Field("recency_quintile", "lifecycle", "count", "member_standing.recency",
              "bậc mới mua (1–5)", "quintile of recency (1-5)"),
        Field("frequency_quintile", "lifecycle", "count", "member_standing.frequency",
              "bậc hay mua (1–5)", "quintile of frequency (1-5)"),
        Field("spend_quintile", "lifecycle", "count", "member_standing.spend",
              "bậc chi tiêu (1–5)", "quintile of spend (1-5)"),
    )
}  # fmt: skip

CHOICES: dict[str, dict[str, tuple[str, str]]] = {
    "genders": {"female": ("nữ", "female"), "male": ("nam", "male"), "other": ("khác", "other")},
    "dayparts": {
        "night": ("đêm (0–6 giờ)", "night (0-6 h)"),
        "morning": ("sáng (6–12 giờ)", "morning (6-12 h)"),
        "afternoon": ("chiều (12–18 giờ)", "afternoon (12-18 h)"),
        "evening": ("tối (18–24 giờ)", "evening (18-24 h)"),
    },
    "stages": {
        "new": ("mới", "new"),
        "active": ("đang mua", "active"),
        "regular": ("khách quen", "regular"),
        "slipping": ("thưa dần", "slipping"),
        "lapsed": ("đã vắng", "lapsed"),
        "won_back": ("đã quay lại", "won back"),
    },
    "consents": {
        "programme": ("chương trình", "the programme"),
        "profiling": ("phân tích thói quen", "profiling"),
        "marketing": ("tin khuyến mãi, bất kỳ kênh", "marketing by any channel"),
        "marketing.email": ("tin khuyến mãi qua email", "marketing by e-mail"),
        "marketing.sms": ("tin khuyến mãi qua tin nhắn", "marketing by SMS"),
        "marketing.zalo": ("tin khuyến mãi qua Zalo", "marketing by Zalo"),
        "marketing.phone": ("tin khuyến mãi qua điện thoại", "marketing by phone"),
        "sharing": ("chia sẻ với đối tác", "sharing with partners"),
    },
}
"""The values that do not depend on the shop, in Vietnamese and English."""

GROUPS: dict[Group, tuple[str, str]] = {
    "profile": ("Nhịp mua", "Buying"),
    "bought": ("Đã mua gì", "What was bought"),
    "person": ("Con người", "The person"),
    "place": ("Nơi chốn", "The place"),
    "programme": ("Chương trình", "The programme"),
    "coupons": ("Phiếu ưu đãi", "Coupons"),
    "consents": ("Đồng ý", "Consents"),
    "lifecycle": ("Vòng đời", "Lifecycle"),
}


UNITS: dict[Kind, tuple[str, str]] = {
    "points": ("điểm", "points"), "percent": ("%", "%"), "years": ("tuổi", "years"), "past": ("ngày", "days"),
    "yearly": ("ngày", "days"),
}  # fmt: skip
"""What a value of a kind is counted in; a count needs no unit, money has the shop's currency."""

_SAID: dict[Operator, tuple[str, str]] = {
    ">=": ("từ", "at least"),
    "<=": ("không quá", "at most"),
    "=": ("đúng", "exactly"),
    "between": ("từ … đến …", "between"),
    "in": ("là một trong", "is one of"),
    "exists": ("có thông tin", "is known"),
}
_SAID_OF_DAYS: dict[Operator, tuple[str, str]] = {
    "within_days": ("trong … ngày qua", "in the last days"),
    ">=": ("cách đây ít nhất", "at least days ago"),
    "between": ("cách đây từ … đến …", "between days ago"),
}
_SAID_AHEAD: dict[Operator, tuple[str, str]] = {"within_days": ("trong … ngày tới", "in the next days")}


def said(op: Operator, kind: Kind) -> tuple[str, str]:
    """An operator as a form offers it, in Vietnamese and English."""
    own = {"past": _SAID_OF_DAYS, "yearly": _SAID_AHEAD}.get(kind, {})
    return own.get(op) or _SAID[op]


def label(field: Field, language: str) -> str:
    """What a field is called, its ``{of}`` filled with a general word."""
    general = {"products": ("món hàng", "a product"), "categories": ("nhóm hàng", "a category")}.get(field.of, ("", ""))
    text, word = (field.vi, general[0]) if language == "vi" else (field.en, general[1])
    return text.replace("{of}", word)
