"""Phone numbers in one form: E.164, read with the shop's country where none is written."""

from __future__ import annotations

import phonenumbers

from loyalty_pos.errors import BadInput


def e164(raw: str, region: str = "VN") -> str:
    """``+84901234567`` for any usual way of writing it.  BadInput when it is no possible number."""
    try:
        number = phonenumbers.parse(raw, region)
    except phonenumbers.NumberParseException as error:
        raise BadInput(errors={"phone": ["not_a_phone"]}) from error
    if not phonenumbers.is_possible_number(number):
        raise BadInput(errors={"phone": ["not_a_phone"]})
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def written_forms(number: str) -> tuple[str, str]:
    """The digits of an E.164 number as they are dialled from abroad and at home: 84901234567, 0901234567."""
    known = phonenumbers.parse(number)
    home = phonenumbers.format_number(known, phonenumbers.PhoneNumberFormat.NATIONAL)
    return number.lstrip("+"), "".join(filter(str.isdigit, home))


def mask_phone(number: str | None) -> str | None:
    """``09•• ••• 218``: enough to recognise one's own, not to call."""
    if not number:
        return None
    local = "0" + number[3:] if number.startswith("+84") else number
    return f"{local[:2]}•• ••• {local[-3:]}"
