"""A rule in words, Vietnamese or English, made from the rule alone: if it reads wrong, the rule is wrong.

Its values are the strong pieces of the phrase; names of goods, tiers and stores are asked of whoever has them.
"""

from __future__ import annotations

from loyalty_pos.domain.phrase import Named, Phrase, Piece, joined, strong
from loyalty_pos.domain.pricing.say import Say
from loyalty_pos.domain.segments.fields import CHOICES
from loyalty_pos.domain.segments.rule import Condition, Rule, steps


def sentence(rule: Rule, say: Say, named: Named) -> Phrase:
    """``Khách mà số lần mua từ 3 trở lên. Bỏ ai có ...``; ``Members whose ...``"""
    found = steps(rule)
    inside = [phrase_of(step.part, say, named) for step in found if not step.out]
    outside = [phrase_of(step.part, say, named) for step in found if step.out]
    words: Phrase = []
    if inside:
        words = [Piece(say.text("Khách mà ", "Members whose ")), *joined(inside, say.text(", ", ", and whose "))]
    else:
        words = [Piece(say.text("Mọi khách", "All members"))]
    if outside:
        lead = say.text(". Bỏ ai mà ", ". Without those whose ")
        words += [Piece(lead), *joined(outside, say.text(", hoặc ai mà ", ", or whose "))]
    return [*words, Piece(".")]


def phrase_of(part: Condition | Rule, say: Say, named: Named) -> Phrase:
    """One condition, or the rule inside a rule, in brackets where it has several parts."""
    if isinstance(part, Condition):
        return _condition(part, say, named)
    groups = [[phrase_of(one, say, named) for one in parts] for parts in (part.all, part.any, part.none)]
    alls, anys, nones = groups
    phrases = list(alls)
    if anys:
        phrases.append(_bracketed(joined(anys, say.text(" hoặc ", " or whose ")), len(anys) > 1))
    phrases += [[Piece(say.text("không phải: ", "not: ")), *one] for one in nones]
    return _bracketed(joined(phrases, say.text(" và ", " and whose ")), len(phrases) > 1)


def _bracketed(phrase: Phrase, several: bool) -> Phrase:
    return [Piece("("), *phrase, Piece(")")] if several else phrase


def _condition(one: Condition, say: Say, named: Named) -> Phrase:
    return [*_subject(one, say, named), Piece(" "), *_predicate(one, say, named)]


def _subject(one: Condition, say: Say, named: Named) -> Phrase:
    """The field with its goods and its window."""
    field = one.declared
    before, _, after = say.text(field.vi, field.en).partition("{of}")
    words = [Piece(before)]
    if field.of:
        words += [*_listed([named(field.of, code) for code in one.of or ()], say), Piece(after)]
    if one.days is not None:
        lead, end = say.text(" trong ", " in the "), say.text(" ngày", " days")
        when = say.text(" tới", "") if field.ahead else say.text(" qua", "")
        if say.language == "en":
            lead += "next " if field.ahead else "last "
        words += [Piece(lead), Piece(f"{say.number(one.days)}{end}", strong=True), Piece(when)]
    return words


def _predicate(one: Condition, say: Say, named: Named) -> Phrase:
    kind, op = one.declared.kind, one.op
    if op == "exists":
        return [Piece(say.text("đã có", "is known") if one.value else say.text("chưa có", "is not known"))]
    if op == "in":
        verb = say.text("gồm ", "include ") if kind == "many" else say.text("là ", "is ")
        return [Piece(verb), *_listed([_choice(one, code, say, named) for code in one.value], say)]
    if kind in ("past", "yearly"):
        return _days(one, say)
    figures = one.value if op == "between" else (one.value,)
    shown = [_figure(kind, figure, say) for figure in figures]
    if op == "between":
        return [Piece(say.text("từ ", "is between ")), Piece(shown[0], True), Piece(say.text(" đến ", " and ")),
                Piece(shown[1], True)]  # fmt: skip
    lead = {">=": ("từ ", "is at least "), "<=": ("không quá ", "is at most "), "=": ("đúng ", "is exactly ")}[op]
    return [Piece(say.text(*lead)), Piece(shown[0], True), Piece(say.text(" trở lên", "") if op == ">=" else "")]


def _days(one: Condition, say: Say) -> Phrase:
    """How many days ago or, of a birthday, ahead."""
    end = say.text(" ngày", " days")
    if one.op == "between":
        low, high = (say.number(value) for value in one.value)
        middle = say.text(" đến ", " to ")
        words = Piece(f"{low}{middle}{high}{end}", True)
    else:
        words = Piece(f"{say.number(one.value)}{end}", True)
    if one.declared.kind == "yearly":
        return [Piece(say.text("trong ", "is in the next ")), words, Piece(say.text(" tới", ""))]
    if one.op == "within_days":
        return [Piece(say.text("trong ", "was in the last ")), words, Piece(say.text(" qua", ""))]
    least = say.text("cách đây ", "was ") + (say.text("ít nhất ", "at least ") if one.op == ">=" else "")
    return [Piece(least), words, Piece(say.text("", " ago"))]


def _figure(kind: str, value: int, say: Say) -> str:
    if kind == "money":
        return say.money(value)
    return say.number(value) + ("%" if kind == "percent" else "")


def _choice(one: Condition, code: str, say: Say, named: Named) -> str:
    known = CHOICES.get(one.declared.choices, {})
    return say.text(*known[code]) if code in known else named(one.declared.choices, code)


def _listed(words: list[str], say: Say) -> Phrase:
    """``Vàng hoặc Bạch kim``; ``A, B or C``."""
    return strong(words, say.text(" hoặc ", " or "))
