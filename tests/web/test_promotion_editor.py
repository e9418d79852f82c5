"""What the editor of a promotion says of the rule beside its form: a sentence, goods, margins, the most it costs."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_pos.services import products
from loyalty_pos.services.context import SYSTEM, Request, Services

Json = dict[str, Any]
NEW = "/manage/promotions/new"
RICE: Json = {
    "code": "rice-5", "name.vi": "Gạo giảm 5%", "trigger": "automatic", "stacking": "combine", "enabled": "1",
    "rewards.0.kind": "percent_off", "rewards.0.percent": "5", "rewards.0.scope.categories": "food/rice",
}  # fmt: skip


@pytest.fixture
def console(pages: Any) -> Any:
    """The manager, signed in, reading Vietnamese."""
    pages.sign_in("manager")
    return pages


def tried(console: Any, rule: Json, **more: str) -> str:
    """The page of a new promotion as it is after a button that stores nothing."""
    text: str = console.client.post(NEW, data=rule | more | {"do": "try"}).get_data(as_text=True)
    return text.replace("\u00a0", " ")


# What the rule says --------------------------------------------------------------------------------


def test_the_rule_is_said_in_a_sentence_that_follows_the_form(console: Any, services: Services) -> None:
    """Above the rules stands what they mean, with the shop's own names; while there is no rule, nothing."""
    products.save_category(services, Request(SYSTEM), products.CategoryIn(code="food/rice", name={"vi": "Gạo"}))
    text = tried(console, RICE)
    assert '<p class="sentence"><b>Mọi khách</b> được giảm <b>5%</b> cho <b>Gạo</b>. ' in text
    assert 'class="sentence"' not in tried(console, RICE | {"rewards.0.percent": ""})


def test_the_list_says_what_each_gives(console: Any) -> None:
    """Under its name, in the reader's language."""
    assert "tự động · được giảm 15% cho fresh/fruit" in console.text("/manage/promotions")
    assert "automatic · get 15% off fresh/fruit" in console.text("/manage/promotions?lang=en")
