"""``cards``: free cards in batches, ready to print and to use."""

from __future__ import annotations

from pathlib import Path

import click

from loyalty_pos.api.sentences import Language
from loyalty_pos.cli.base import Failed, json_option, opened, progress, show, user_language, write
from loyalty_pos.services import cardsheets, programme


@click.group()
def cards() -> None:
    """The printed cards."""


@cards.command()
@click.option("--count", required=True, type=click.IntRange(1, cardsheets.MOST), help="How many cards.")
@click.option(
    "--pdf", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Where to write the sheets (A4)."
)
@click.option("--store", help="The store they are handed out in.")
@click.option("--phone", default="", help="The number on the back to call when a card is lost.")
@click.option("--batch", default="", help="The name of this batch, in the margin of each sheet.")
@click.option("--language", type=click.Choice(["vi", "en"]), help="Of the cards (default: yours).")
@json_option
def issue(
    count: int, pdf: Path, store: str | None, phone: str, batch: str, language: Language | None, as_json: bool
) -> None:
    """Make COUNT cards, each with its own anonymous member, and a PDF to print on both sides."""
    from loyalty_pos.printing.cards import CardToPrint, card_sheets  # it loads fonts and pictures

    if pdf.exists():
        raise Failed(f"{pdf} exists; choose another name.")
    pdf.touch()
    try:
        with opened() as services:
            with progress("Cards", count) as tell:
                made = cardsheets.issue(services, write(), count, tell, store=store, reason=batch or None)
            shop = programme.get(services)["settings"]["name"]
            paper = [CardToPrint(card.number, services.public_url + card.page) for card in made]
            now = services.clock.now()
            sheets = card_sheets(paper, shop, now, language=language or user_language(), phone=phone, batch=batch)
    except BaseException:
        pdf.unlink()
        raise
    pdf.write_bytes(sheets)
    answer = {"count": count, "pdf": str(pdf), "cards": [card.number for card in made]}
    show(as_json, answer, f"{count} cards in {pdf}.")
