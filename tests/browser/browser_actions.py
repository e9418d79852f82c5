"""What hands do at a till: scanning, and measuring how long the answer took."""

from __future__ import annotations

from playwright.sync_api import Page

CARD = "2900000000018"

STOPWATCH = """() => {
  window.times = [];
  let pressed = 0;
  const member = document.getElementById("member");
  window.addEventListener("keydown", (event) => { if (event.key === "Enter") pressed = performance.now(); }, true);
  new MutationObserver(() => {
    if (member.hidden || !pressed) return;
    const since = pressed;
    pressed = 0;
    requestAnimationFrame(() => window.times.push(performance.now() - since));
  }).observe(member, { attributes: true });
}"""
"""Milliseconds from the scan's Enter to the painted name, in ``window.times``."""


def scan(page: Page, text: str) -> None:
    """Type as a scanner does: a few milliseconds a key, then Enter."""
    page.keyboard.type(text, delay=3)
    page.keyboard.press("Enter")


def enter(page: Page) -> None:
    """Press Enter as a person does: not within the 400 ms in which it could be a scan's own."""
    page.wait_for_timeout(450)
    page.keyboard.press("Enter")


def focused(page: Page) -> str:
    """The id of the element that has the focus."""
    return str(page.evaluate("document.activeElement.id"))
