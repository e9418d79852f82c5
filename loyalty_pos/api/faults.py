"""What is wrong with a field, in Vietnamese and English: the words of the codes that stand in ``errors``.

A sentence is said of the field beside it, by the API, the command line and the console's forms alike; it
never holds the bad value.  Invariant: every code that the product puts on a field has its line here (a test
reads the source for them).
"""

# ruff: noqa: E501 - one code, one line

from __future__ import annotations

from collections.abc import Mapping

from loyalty_pos.api.sentences import Language, sentence
from loyalty_pos.domain.pricing.compile import MOST_PROMOTIONS

TOLD = 3
"""How many faulty fields one sentence names; ``errors`` holds all of them."""

_MOST = f"{MOST_PROMOTIONS:,}"
FAULTS: dict[str, tuple[str, str]] = {
    "missing": ("cần điền mục này", "this is needed"),
    "unknown_field": ("không có mục nào tên như vậy", "there is no field of this name"),
    "unknown": ("không có thứ này", "there is no such thing"),
    "unknown_language": ("chỉ có vi và en", "only vi and en are known"),
    "wrong_type": ("không đọc được giá trị này; hãy viết theo dạng khác", "this cannot be read; please write it otherwise"),
    "invalid": ("giá trị này không đúng", "this is not valid"),
    "invalid_json": ("dòng này không phải JSON", "this line is not JSON"),
    "not_one_of": ("hãy chọn một giá trị trong danh sách", "please choose one of the list"),
    "out_of_range": ("giá trị nằm ngoài mức cho phép", "this is outside of what is possible"),
    "too_large": ("số này quá lớn", "this is too large"),
    "too_many": (f"nhiều nhất {_MOST.replace(',', '.')} chương trình", f"at most {_MOST} promotions"),
    "too_many_units": ("giỏ hàng có quá nhiều đơn vị hàng", "the basket has too many units"),
    "too_short": ("quá ngắn", "this is too short"),
    "too_long": ("quá dài", "this is too long"),
    "whole_line_only": ("hàng cân phải trả lại cả dòng", "a weighed line comes back whole"),
    "whole_units_only": ("chỉ trả lại số nguyên", "only whole units come back"),
    "too_deep": ("các phần lồng nhau quá sâu", "the parts are nested too deep"),
    "too_precise": ("nhiều nhất bốn chữ số thập phân", "at most four decimals"),
    "one_only": ("chỉ được điền một trong hai mục này", "only one of these two may be filled in"),
    "contradictory": ("mâu thuẫn với phần bên cạnh", "this contradicts what stands beside it"),
    "empty": ("hãy cho biết cụ thể hơn; ô này chưa nói gì", "please say what is meant; this says nothing"),
    "overlapping": ("mỗi bậc phải bắt đầu cao hơn bậc trước", "each step must begin above the one before"),
    "not_above_the_one_before": ("ngưỡng phải cao hơn ngưỡng trước", "the threshold must be above the one before"),
    "without_stacking": ("nhóm chỉ dùng với “chỉ cái tốt nhất của nhóm” (stacking best_of_group)", "a group needs “only the best of its group” (stacking best_of_group)"),
    "before_from": ("ngày cuối ở trước ngày đầu", "the last day is before the first"),
    "past": ("ngày này đã qua", "this day is over"),
    "not_a_day": ("đây không phải một ngày (NĂM-THÁNG-NGÀY)", "this is no day (YYYY-MM-DD)"),
    "offset_missing": ("giờ phải kèm múi giờ", "the time needs its offset"),
    "zero": ("không được là 0", "this must not be 0"),
    "duplicate": ("mã này đã có", "this code is taken"),
    "fixed": ("mục này không đổi được", "this cannot be changed"),
    "above_line": ("phần giảm lớn hơn giá trị của dòng", "the discount is above the line's value"),
    "one_identity": ("chỉ nêu khách hàng một lần: thẻ, lượt quét hoặc thành viên", "name the customer once: card, swipe or member"),
    "card_or_phone_missing": ("cần thẻ hoặc số điện thoại", "a card or a phone number is needed"),
    "not_a_card": ("đây không phải số thẻ thành viên", "this is no card number of ours"),
    "not_a_phone": ("đây không phải số điện thoại", "this is no phone number"),
    "payment_card": ("đây có vẻ là thẻ ngân hàng", "this looks like a bank card"),
    "bad_characters": ("có ký tự không in được", "there are characters that cannot be printed"),
    "not_available": ("chưa dùng được ở đây", "this is not available here"),
}  # fmt: skip
LOOK = ("hãy xem lại mục này", "please look at this again")


def fault(code: str, language: Language) -> str:
    """What a code says of its field, as one clause."""
    vi, en = FAULTS.get(code, LOOK)
    return vi if language == "vi" else en


def told(code: str, language: Language, facts: Mapping[str, object], errors: Mapping[str, list[str]]) -> str:
    """The sentence of an error, with its first faulty fields: ``...: rewards[0].percent: this is needed.``"""
    text = sentence(code, language, facts)
    fields = [f"{path}: {fault(codes[0], language)}" for path, codes in errors.items() if codes][:TOLD]
    return f"{text} {'; '.join(fields)}." if fields else text
