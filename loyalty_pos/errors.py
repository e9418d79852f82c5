"""Every error the product raises on purpose: one tree, each with a stable code.

An error carries a ``code`` (snake_case, never renamed) and facts; it knows nothing of HTTP
or of languages.  ``api/problem.py`` gives each class its status, and the catalogues give each
code its sentence in Vietnamese and English.  A message never echoes the bad value.
"""

from __future__ import annotations

from collections.abc import Mapping


class LoyaltyError(Exception):
    """The root: something was refused, for a reason that has a code.

    ``errors`` maps a field path (``lines.0.quantity``) to codes of what is wrong with it;
    ``facts`` are figures that the sentence may show (never personal data, never the bad value).
    """

    default_code = "error"
    replayed = False
    """Whether this is the saved refusal of an earlier request with the same key."""

    def __init__(
        self,
        code: str | None = None,
        *,
        errors: Mapping[str, list[str]] | None = None,
        **facts: object,
    ) -> None:
        self.code = code or self.default_code
        self.errors: dict[str, list[str]] = dict(errors or {})
        self.facts = facts
        super().__init__(self.code)


class BadInput(LoyaltyError):
    """The request is well-formed but a field is missing, unknown, of the wrong type or value."""

    default_code = "invalid"


class NotSignedIn(LoyaltyError):
    """No key, token or session, or one that is unknown or revoked."""

    default_code = "not_signed_in"


class NotAllowed(LoyaltyError):
    """Known, but without the scope or role that this call needs."""

    default_code = "not_allowed"


class NotFound(LoyaltyError):
    """There is no such thing, or it belongs to another store."""

    default_code = "not_found"


class Conflict(LoyaltyError):
    """The call contradicts what is already recorded."""

    default_code = "conflict"


class Refused(LoyaltyError):
    """A rule of the programme says no, and the call cannot go on without it."""

    default_code = "refused"


class TooMany(LoyaltyError):
    """Too many calls or guesses; try again after ``retry_after`` seconds."""

    default_code = "slow_down"

    @property
    def retry_after(self) -> int:
        """Seconds to wait."""
        value = self.facts.get("retry_after", 60)
        return value if isinstance(value, int) else 60


class InProgress(Conflict):
    """A request with the same key is still running; repeat it in a moment."""

    default_code = "in_progress"


class Unavailable(LoyaltyError):
    """The database or another part cannot answer now; nothing was stored, try again."""

    default_code = "unavailable"
