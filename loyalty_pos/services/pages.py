"""The unguessable address of a card's page: derived, never stored.

token = card id, "-", HMAC-SHA256(secret, number, generation) cut to 128 bits.  Raising the card's
generation, replacing the card or changing the secret revokes it.
"""

from __future__ import annotations

import base64
import hmac

from loyalty_pos.storage import cards
from loyalty_pos.storage.tx import Tx


def page_token(secret: bytes, card_id: int, number: str, generation: int) -> str:
    """The token of a card's page."""
    digest = hmac.digest(secret, f"loyalty-pos page {number} {generation}".encode(), "sha256")
    return f"{card_id}-{base64.urlsafe_b64encode(digest[:16]).decode().rstrip('=')}"


def page_card(tx: Tx, secret: bytes, token: str) -> int | None:
    """The id of the card whose page this is; None for a wrong, old or revoked token."""
    head = token.split("-", 1)[0]
    if not (head.isascii() and head.isdigit() and len(head) <= 18):
        return None
    row = cards.page_row(tx, int(head))
    if row is None or row.state == "replaced":
        return None
    wanted = page_token(secret, row.id, row.number, row.generation)
    return row.id if hmac.compare_digest(wanted.encode(), token.encode()) else None
