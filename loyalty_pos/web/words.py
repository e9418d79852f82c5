"""The words of the rule language on a page.

A kind or argument that is not here is shown by its own name, so that one added later needs no change.
"""

from __future__ import annotations

from typing import Any

from loyalty_pos.api import faults
from loyalty_pos.web import i18n
from loyalty_pos.web.i18n import lazy as _l

REWARDS = {
    "percent_off": _l("percent off"),
    "amount_off": _l("amount off"),
    "fixed_price": _l("fixed price"),
    "cheapest_off": _l("cheapest one off"),
    "buy_get": _l("buy some, get some"),
    "fixed_price_group": _l("any of a group for a price"),
    "bundle": _l("bundle"),
    "add_free_item": _l("free item"),
    "steps": _l("steps"),
    "points": _l("more points"),
    "issue_coupon": _l("coupon for the next visit"),
}
CONDITIONS = {
    "min_quantity": _l("a number of goods"),
    "min_amount": _l("an amount of goods"),
    "tier": _l("a tier"),
    "member": _l("a member"),
    "segment": _l("a segment"),
    "nth_order": _l("the n-th purchase"),
    "days_since_last_order": _l("days since the last purchase"),
    "all": _l("all of"),
    "any": _l("any of"),
    "not": _l("none of"),
}
ICONS = {
    "amount_off": "minus", "fixed_price": "card", "cheapest_off": "chevron", "buy_get": "plus",
    "issue_coupon": "ticket", "points": "coins",
}  # fmt: skip
LABELS = {
    "code": _l("Code"),
    "name": _l("Name"),
    "vi": _l("In Vietnamese"),
    "en": _l("In English"),
    "trigger": _l("How it is given"),
    "valid": _l("When"),
    "from": _l("From"),
    "to": _l("To"),
    "weekdays": _l("Weekdays, Monday is 1"),
    "hours": _l("Hours, from and until"),
    "audience": _l("For whom"),
    "tiers": _l("Tiers"),
    "segments": _l("Segments"),
    "members": _l("Members"),
    "stores": _l("Stores"),
    "members_only": _l("Members only"),
    "birthday_within_days": _l("Days around the birthday"),
    "stacking": _l("With other promotions"),
    "group": _l("Group"),
    "priority": _l("Priority"),
    "stage": _l("Stage"),
    "limits": _l("Limits"),
    "per_basket": _l("Uses in one bill"),
    "total": _l("Uses in all"),
    "per_member": _l("Uses by one member"),
    "per_period": _l("Uses by one member in some days"),
    "per_store": _l("Uses in one store"),
    "per_cashier": _l("Uses at one cashier"),
    "days": _l("Days"),
    "uses": _l("Uses"),
    "budget": _l("Budget"),
    "floor": _l("Floor"),
    "enabled": _l("Switched on"),
    "percent": _l("Percent"),
    "amount": _l("Amount"),
    "price": _l("Price"),
    "quantity": _l("Quantity"),
    "units": _l("Units"),
    "level": _l("Off what"),
    "base": _l("Of which price"),
    "per": _l("Given per"),
    "max_amount": _l("At most, amount"),
    "max_units": _l("At most, units"),
    "max_units_per_line": _l("At most, units of a line"),
    "max_get_units": _l("At most, units given"),
    "buy_quantity": _l("Buy"),
    "buy_scope": _l("Of these goods"),
    "get_quantity": _l("Get"),
    "get_scope": _l("From these goods"),
    "scope": _l("For these goods"),
    "all": _l("Everything"),
    "skus": _l("Product numbers"),
    "categories": _l("Categories"),
    "brands": _l("Brands"),
    "exclude_skus": _l("But not these numbers"),
    "exclude_categories": _l("But not these categories"),
    "price_min": _l("Priced from"),
    "price_max": _l("Priced up to"),
    "exclude_discounted": _l("Not what is reduced already"),
    "promotion": _l("Coupon of"),
    "valid_days": _l("Valid for days"),
    "op": _l("Compared how"),
    "basis": _l("Measured on"),
    "max": _l("At most"),
    "any_of": _l("One of these"),
    "n": _l("Which one"),
    "of": _l("Conditions"),
    "rewards": _l("Rewards"),
    "conditions": _l("Conditions"),
    "max_groups": _l("At most, times"),
    "items": _l("Parts"),
    "steps": _l("Steps"),
    "sku": _l("Product number"),
    "per_quantity": _l("For every so many"),
    "points": _l("Points"),
    "multiplier": _l("Points times, 20000 is twice"),
    "by": _l("Measured by"),
    "unit_order": _l("Which units first"),
}
CHOICES = {
    "by.basket_amount": _l("the value of the goods in the bill"),
    "by.line_amount": _l("the value of each line"),
    "by.quantity": _l("the number of units"),
    "unit_order.best": _l("the dearest"),
    "unit_order.basket": _l("those that stand first in the bill"),
    "automatic": _l("by itself"),
    "coupon": _l("with a coupon"),
    "combine": _l("applies beside them"),
    "best_of_group": _l("only the best of its group"),
    "exclusive": _l("alone or not at all"),
    "only_if_alone": _l("only when nothing else applied"),
    "line": _l("each line"),
    "basket": _l("the whole bill"),
    "unit": _l("each unit"),
    "remaining": _l("what is left to pay"),
    "original": _l("the shelf price"),
    "gross": _l("shelf prices"),
    "discounted": _l("prices after discounts"),
    "gte": _l("at least"),
    "gt": _l("more than"),
    "lte": _l("at most (inclusive)"),
    "lt": _l("less than"),
    "eq": _l("exactly"),
    "catalog": _l("shelf price"),
    "item": _l("single goods"),
    "group": _l("groups of goods"),
    "tier": _l("tier"),
}


def label(name: str) -> str:
    """What an argument is called."""
    return _known(LABELS, name)


def choice(name: str, value: str) -> str:
    """One of the values that the argument ``name`` may have."""
    return _known(CHOICES, f"{name}.{value}" if f"{name}.{value}" in CHOICES else value)


def reward(kind: str) -> str:
    """What a kind of reward is called."""
    return _known(REWARDS, kind)


def condition(kind: str) -> str:
    """What a kind of condition is called."""
    return _known(CONDITIONS, kind)


def icon(kind: str) -> str:
    """The sign of a kind of reward."""
    return ICONS.get(kind, "percent")


def fault(code: str) -> str:
    """What is wrong with a field, as a sentence."""
    text = faults.fault(code, i18n.language())
    return f"{text[0].upper()}{text[1:]}."


def _known(table: dict[str, Any], name: str) -> str:
    return str(table[name]) if name in table else name.replace("_", " ")
