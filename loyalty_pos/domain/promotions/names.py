"""What the shop calls a thing, in Vietnamese and English."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from loyalty_pos.domain.basket import PLAIN

Label = Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]
Code = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class Names(Struct, frozen=True, forbid_unknown_fields=True):
    """A name per language; one of the two is enough."""

    vi: Label | None = None
    en: Label | None = None

    def __post_init__(self) -> None:
        if self.vi is None and self.en is None:
            raise ValueError("vi:missing")


Name = Names | Label


def name_in(name: Name, language: str) -> str:
    """The name in ``language``, else in the other one."""
    if isinstance(name, str):
        return name
    first, second = (name.vi, name.en) if language == "vi" else (name.en, name.vi)
    return first or second or ""
