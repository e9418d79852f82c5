"""Why each line became cheaper, and why an offer or coupon did not apply, in vi and en (S13, S14).

The explanations of a line are built from the very cuts that were made, so their amounts sum to
the line's discount by construction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from loyalty_pos.domain.pricing.facts import Facts, Miss
from loyalty_pos.domain.pricing.offers import Offer
from loyalty_pos.domain.pricing.request import CouponFacts
from loyalty_pos.domain.pricing.result import LineDiscount
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.pricing.table import Applied, Table
from loyalty_pos.domain.promotions.names import name_in
from loyalty_pos.domain.promotions.rewards.base import LineShare

# Code -> (vi, en), for the sentences that carry no figure.
SENTENCES: dict[str, tuple[str, str]] = {
    "coupon_not_usable": ("Mã giảm giá không dùng được", "This coupon cannot be used"),
    "coupon_used": ("Mã giảm giá đã được dùng", "This coupon has been used"),
    "coupon_expired": ("Mã giảm giá đã hết hạn", "This coupon has expired"),
    "coupon_not_yet_valid": ("Mã giảm giá chưa đến ngày dùng", "This coupon is not valid yet"),
    "coupon_held": (
        "Mã giảm giá đang được giữ cho một hoá đơn khác",
        "This coupon is held for another bill",
    ),
    "min_amount": ("Giá trị hàng chưa phù hợp với điều kiện", "The amount does not meet the condition"),
    "min_quantity": ("Chưa đủ số lượng hàng", "Not enough items"),
    "not_in_scope": (
        "Không có mặt hàng nào trong giỏ thuộc chương trình",
        "No item in the basket belongs to this offer",
    ),
    "not_eligible": (
        "Khách hàng hoặc thời điểm này không thuộc chương trình",
        "This customer or time is not part of the offer",
    ),
    "member_required": ("Ưu đãi chỉ dành cho hội viên", "This offer is for members only"),
    "limit_total": ("Chương trình đã hết lượt", "The offer has been used up"),
    "limit_per_member": ("Bạn đã dùng hết lượt của mình", "You have used this offer up"),
    "limit_per_period": (
        "Bạn đã dùng hết lượt trong thời gian này",
        "You have used this offer up for this period",
    ),
    "budget_exceeded": ("Chương trình đã hết ngân sách", "The offer's budget is spent"),
    "not_combinable": ("Không dùng chung được với ưu đãi khác", "Cannot be combined with another offer"),
    "below_floor": ("Giá đã ở mức thấp nhất được phép", "The price is already the lowest allowed"),
    "no_effect": ("Không giảm thêm được gì cho giỏ hàng này", "It would change nothing in this basket"),
    "card_blocked": (
        "Thẻ đã bị khoá: hoá đơn không được ưu đãi và không tích điểm",
        "The card is blocked: no benefits and no points on this bill",
    ),
    "staff_card": (
        "Thẻ của chính người bán: hoá đơn này không tích điểm",
        "The seller's own card: no points on this bill",
    ),
    "typed_entry": (
        "Số thẻ được nhập tay nên chỉ tích điểm; muốn tiêu điểm, hãy quét thẻ",
        "A typed number only earns; scan the card to spend points",
    ),
    "reward_not_usable": (
        "Quà đổi điểm này không có trong chương trình",
        "This points reward is not part of the programme",
    ),
    "value_not_usable": (
        "Thẻ quà tặng hoặc ví không dùng được",
        "This gift card or wallet cannot be used",
    ),
}


def sentence(code: str, say: Say) -> str:
    """The plain sentence of a code."""
    return say.text(*SENTENCES[code])


def refusal(miss: Miss, facts: Facts, say: Say, name_of: Callable[[str], str], coupon: CouponFacts | None) -> str:
    """Why a coupon or offer was refused, with the figures the customer may hear."""
    text = sentence(miss.reason, say)
    if miss.reason == "min_amount" and miss.amount is not None:
        amount = say.money(miss.amount)
        return say.text(f"Cần mua thêm {amount}", f"{amount} more is needed")
    if miss.reason == "min_quantity" and miss.quantity is not None:
        count = say.number(miss.quantity)
        return say.text(f"Cần thêm {count} sản phẩm", f"{count} more needed")
    if miss.reason == "not_combinable" and miss.winner is not None:
        winner = name_of(miss.winner)
        return say.text(f"Không dùng chung được với “{winner}”", f"Cannot be combined with “{winner}”")
    return text + (_coupon_detail(miss.reason, facts, say, coupon) if coupon is not None else "")


def _coupon_detail(reason: str, facts: Facts, say: Say, coupon: CouponFacts) -> str:
    """When and where it was used, until when it is held, from when or until when it is valid."""
    zone = ZoneInfo(facts.request.zone)
    if reason == "coupon_used" and coupon.used_at is not None:
        when = say.moment(coupon.used_at.astimezone(zone))
        where = coupon.used_where
        place = say.text(f" tại {where}", f" at {where}") if where else ""
        return say.text(f" lúc {when}{place}", f" on {when}{place}")
    if reason == "coupon_held" and coupon.held_until is not None:
        until = say.moment(coupon.held_until.astimezone(zone))
        return say.text(f" đến {until}", f" until {until}")
    if reason == "coupon_expired" and coupon.valid_to is not None:
        day = say.day(coupon.valid_to)
        return say.text(f" (đến hết {day})", f" (valid until {day})")
    if reason == "coupon_not_yet_valid" and coupon.valid_from is not None:
        day = say.day(coupon.valid_from)
        return say.text(f" (từ {day})", f" (valid from {day})")
    return ""


def nearly_text(miss: Miss, name: str, say: Say, further: bool = False) -> str:
    """What to add to the basket to get an offer (S13), or ``further`` of one that applies already."""
    get = say.text("để được thêm" if further else "để được", "to get more of" if further else "to get")
    if miss.amount is not None:
        amount = say.money(miss.amount)
        return say.text(f"Mua thêm {amount} {get}: {name}", f"Spend {amount} more {get}: {name}")
    count = say.number(miss.quantity or 0)
    return say.text(f"Thêm {count} sản phẩm {get}: {name}", f"Add {count} more {get}: {name}")


def points_text(reason: str, limit: int, say: Say) -> str:
    """Why fewer points were spent than asked (S22), as ``code: sentence``."""
    figure = say.number(limit)
    texts = {
        "points_insufficient": (f"Chỉ còn {figure} điểm dùng được", f"Only {figure} points can be used"),
        "points_minimum": (f"Mỗi lần dùng ít nhất {figure} điểm", f"At least {figure} points at a time"),
        "points_step": (f"Điểm dùng phải là bội số của {figure}", f"Points are used in steps of {figure}"),
        "points_share": (
            f"Hoá đơn này dùng được tối đa {figure} điểm",
            f"At most {figure} points on this bill",
        ),
    }
    text = texts[reason] if reason in texts else SENTENCES[reason]
    return f"{reason}: {say.text(*text)}"


def message(code: str, say: Say) -> str:
    """An entry of ``messages``: the stable code, then the sentence."""
    return f"{code}: {sentence(code, say)}"


def line_discounts(table: Table, offers: Mapping[str, Offer], say: Say) -> dict[int, list[LineDiscount]]:
    """Line number -> every offer's share on it, in order of application (S14)."""
    left = table.board.start.copy()
    shares: dict[int, list[LineDiscount]] = {}
    for number, line in enumerate(table.board.lines):
        if line.discount:
            name = say.text("Giảm tại quầy", "Discount at the till")
            off = say.money(line.discount)
            why = say.text(f"Quầy đã giảm {off}", f"The till took off {off}")
            shares[number] = [LineDiscount(None, name, line.discount, why)]
    for applied in table.done:
        offer = offers[applied.promotion]
        name = name_in(offer.name, say.language)
        for number, parts in _parts(applied, table, left).items():
            amount = sum([part.share for _, part in parts])
            why = "; ".join([offer.rewards[index].explain(say, part) for index, part in parts])
            shares.setdefault(number, []).append(LineDiscount(offer.code, name, amount, why))
    return shares


def free_items(table: Table) -> dict[str, int]:
    """Sku -> how many of it the till adds for nothing, in all."""
    found: Counter[str] = Counter()
    for done in table.done:
        for _, gift in done.gifts:
            if gift.quantity:
                found[gift.sku] += gift.quantity
    return dict(sorted(found.items()))


def gift_messages(facts: Facts, table: Table, offers: Mapping[str, Offer], say: Say) -> list[str]:
    """What the cashier says of goods and points that are given, as ``code: offer: sentence``."""
    said: list[str] = []
    for done in table.done:
        offer = offers[done.promotion]
        for index, gift in done.gifts:
            if gift.quantity or facts.member is not None:
                code = "free_item" if gift.quantity else "more_points"
                text = offer.rewards[index].announce(say, gift)
                said.append(f"{code}: {name_in(offer.name, say.language)}: {text}")
    return said


def _parts(applied: Applied, table: Table, left: list[int]) -> dict[int, list[tuple[int, LineShare]]]:
    """Line number -> (reward, its share there); ``left`` moves on as the cuts are walked."""
    line_of = table.board.line_of
    parts: dict[int, list[tuple[int, LineShare]]] = {}
    for reward, cuts in applied.by_reward():
        figures: dict[int, list[int]] = {}
        for cut in cuts:
            for unit, amount in zip(cut.units, cut.amounts, strict=True):
                number = line_of[unit]
                figure = figures.get(number)
                if figure is None:
                    figure = figures[number] = [0, 0, 0, cut.part]
                figure[0] += left[unit]
                if amount:
                    figure[1] += amount
                    figure[2] += 1
                    left[unit] -= amount
        total, granted = sum(cut.total for cut in cuts), sum(cut.granted for cut in cuts)
        shared = [(number, figure) for number, figure in figures.items() if figure[1]]
        for number, (base, share, units, part) in shared:
            told = LineShare(base, share, units, len(shared), total, granted, part)
            parts.setdefault(number, []).append((reward, told))
    return parts
