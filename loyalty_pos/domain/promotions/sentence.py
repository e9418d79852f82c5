"""A promotion in words, made from its rule alone: who gets what, on what, how often, when, and beside what.

If it reads wrong, the rule is wrong.  Its stage and priority are not said: they decide an order, which the list of
promotions shows.
"""

from __future__ import annotations

from collections.abc import Mapping

from loyalty_pos.domain.phrase import Named, Phrase, Piece, joined, strong
from loyalty_pos.domain.pricing.offers import Offer
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.promotions.definition import Audience, Limits, Valid
from loyalty_pos.domain.promotions.tell import Tell

WEEKDAYS = {
    "vi": ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}


def sentence(offer: Offer, say: Say, named: Named) -> Phrase:
    """``Hội viên mua 3 món trong Sữa tươi trả 85.000đ. Từ 01/12/2026 đến 31/12/2026. ...``"""
    tell = Tell(say, named)
    said = [
        _given(offer, tell),
        _limits(offer.limits, tell),
        _when(offer.valid, tell),
        _beside(offer, tell),
        _floor(offer, tell),
    ]
    return [*joined((_begun(part) for part in said), ". "), Piece(".")]


def promise(offer: Offer, say: Say, named: Named) -> Phrase:
    """What it gives, alone: ``mua 3 món trong Sữa tươi trả 85.000đ``."""
    tell = Tell(say, named)
    return joined((reward.promise(tell) for reward in (*offer.rewards, *offer.issues)), say.text(", và ", ", and "))


def _begun(phrase: Phrase) -> Phrase:
    """With a capital letter."""
    return [Piece(phrase[0].text[:1].upper() + phrase[0].text[1:], phrase[0].strong), *phrase[1:]] if phrase else []


def _given(offer: Offer, tell: Tell) -> Phrase:
    """Who gets what, and on what condition."""
    found = [*_who(offer, tell), Piece(" "), *promise(offer, tell.say, tell.named)]
    asked = joined((one.asks(tell) for one in (*offer.static, *offer.dynamic)), ", ", tell.say.text(" và ", " and "))
    return found + (tell.words(", khi {asked}", ", when {asked}", asked=asked) if asked else [])


def _who(offer: Offer, tell: Tell) -> Phrase:
    who: Audience = offer.audience
    found = tell.words("{who}", "{who}", who=tell.say.text(*(
        ("Hội viên", "Members") if who.needs_member or offer.personal else ("Mọi khách", "Customers")
    )))  # fmt: skip
    if who.tiers:
        tiers = tell.either("tiers", who.tiers)
        found += tell.words(" hạng {tiers}", " of the tier {tiers}", tiers=tiers)
    if who.segments:
        segments = tell.either("segments", who.segments)
        found += tell.words(" thuộc nhóm {segments}", " in the segment {segments}", segments=segments)
    if who.members:
        n = tell.say.number(len(who.members))
        found += tell.words(" (chỉ {n} người được chọn)", " (only {n} chosen ones)", n=n)
    if who.birthday_within_days is not None:
        days = tell.days(who.birthday_within_days)
        found += tell.words(" trong vòng {days} quanh sinh nhật", " within {days} of their birthday", days=days)
    if who.stores:
        found += tell.words(" ở {stores}", " at {stores}", stores=tell.either("stores", who.stores))
    if offer.trigger == "coupon":
        found += tell.words(" có phiếu", " with a coupon")
    return found


def _limits(limits: Limits, tell: Tell) -> Phrase:
    """``Nhiều nhất 2 lần mỗi hoá đơn, 1.000 lần tất cả``."""
    counted: Mapping[str, tuple[int | None, str, str]] = {
        "basket": (limits.per_basket, "{n} mỗi hoá đơn", "{n} in a bill"),
        "member": (limits.per_member, "{n} mỗi hội viên", "{n} for each member"),
        "store": (limits.per_store, "{n} mỗi cửa hàng", "{n} in each store"),
        "cashier": (limits.per_cashier, "{n} mỗi thu ngân", "{n} at each cashier"),
        "total": (limits.total, "{n} tất cả", "{n} in all"),
    }
    said = [tell.words(vi, en, n=tell.times(count)) for count, vi, en in counted.values() if count is not None]
    if (period := limits.per_period) is not None:
        n, days = tell.times(period.uses), tell.days(period.days)
        said.append(tell.words("{n} mỗi hội viên trong {days}", "{n} for each member in {days}", n=n, days=days))
    if limits.budget is not None:
        amount = tell.say.money(limits.budget)
        said.append(tell.words("tổng cộng giảm {amount}", "{amount} taken off in all", amount=amount))
    return tell.words("nhiều nhất {said}", "at most {said}", said=joined(said, ", ")) if said else []


def _when(valid: Valid, tell: Tell) -> Phrase:
    """``Từ 01/12/2026 đến 31/12/2026, thứ Bảy và Chủ nhật, từ 08:00 đến 11:00``; nothing given: every day."""
    first, last = (None if day is None else tell.say.day(day) for day in (valid.first, valid.last))
    if first and last:
        said = [tell.words("từ {first} đến hết {last}", "from {first} to {last}", first=first, last=last)]
    elif first:
        said = [tell.words("từ {first}", "from {first} on", first=first)]
    elif last:
        said = [tell.words("đến hết {last}", "until {last}", last=last)]
    else:
        said = [] if valid.weekdays else [tell.words("{days}", "{days}", days=tell.say.text("mọi ngày", "every day"))]
    if valid.weekdays:
        names = [WEEKDAYS[tell.say.language][day - 1] for day in sorted(valid.weekdays)]
        said.append(tell.words("vào {days}", "on {days}", days=strong(names, tell.say.text(" và ", " and "))))
    if valid.hours is not None:
        start, end = valid.hours
        said.append(tell.words("từ {start} đến {end}", "from {start} to {end}", start=start, end=end))
    return joined(said, ", ")


def _beside(offer: Offer, tell: Tell) -> Phrase:
    """How it goes with other promotions."""
    if offer.stacking == "best_of_group":
        vi, en = (
            "trong nhóm {group} chỉ tính khuyến mãi lợi nhất cho khách",
            "of the group {group} only the best for the customer applies",
        )
        return tell.words(vi, en, group=offer.group or "")
    alone = tell.say.text("chỉ áp dụng một mình", "alone")
    none = tell.say.text("chưa có khuyến mãi nào khác", "no other promotion did")
    return {
        "combine": tell.words("ghép được với khuyến mãi khác", "it applies beside other promotions"),
        "exclusive": tell.words(
            "{alone}, không ghép với khuyến mãi nào", "it applies {alone}, beside no other promotion", alone=alone
        ),
        "only_if_alone": tell.words("chỉ áp dụng khi {none}", "it applies only when {none}", none=none),
    }[offer.stacking]


def _floor(offer: Offer, tell: Tell) -> Phrase:
    if offer.floor is None:
        return []
    if offer.floor == "cost":
        cost = tell.say.text("dưới giá vốn", "below cost")
        return tell.words("không bán {cost}", "nothing is sold {cost}", cost=cost)
    amount = tell.say.money(offer.floor)
    return tell.words("không món nào dưới {amount}", "no item is sold below {amount}", amount=amount)
