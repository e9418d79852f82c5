"""What comes back to and about tills that number what they record (S44)."""

from __future__ import annotations

from marshmallow import fields

from loyalty_pos.api.fields import Body
from loyalty_pos.api.shapes import many, moment, text, whole, yes


class BatchItem(Body):
    """What became of one fact: ``id``, or the ``code`` of its refusal."""

    receipt = text(null=True)
    status = text()
    id = fields.String()
    code = fields.String()


class Gap(Body):
    """Numbers that never came, both inclusive."""

    first = whole(data_key="from")
    last = whole(data_key="to")


class Position(Body):
    """Where a till that numbers its records stands, in its epoch."""

    high_contiguous = whole(null=True)
    gaps = many(Gap)
    pair_again = yes()


class BatchAnswer(Position):
    """The facts in the order they were sent."""

    items = many(BatchItem)


class SwipeItem(Body):
    """What became of one identification: ``id``, or the ``code`` of its refusal."""

    status = text()
    id = fields.String()
    code = fields.String()


class SwipesAnswer(Position):
    """The identifications in the order they were sent."""

    items = many(SwipeItem)


class Invitation(Body):
    """A pairing code for one till, shown once."""

    code = text()
    store = text()
    pairing_code = text()
    expires_at = moment()


class Paired(Body):
    """A till's identity from now on; the key is shown once."""

    epoch = whole()
    key = text()


class GapRow(Body):
    """Numbers of a till that never came, both inclusive, and when the first one after them came."""

    epoch = whole()
    first = whole(data_key="from")
    last = whole(data_key="to")
    since = moment()


class Connection(Body):
    """How a till is: its numbers, its identity, its clock (seconds ahead, where it is off)."""

    terminal = text()
    store = text()
    state = text()
    epoch = whole()
    high_contiguous = whole(null=True)
    gaps = many(GapRow)
    pair_again = yes()
    quarantined = whole()
    clock_skew = whole(null=True)


class SetAside(Body):
    """A record that contradicts its till's numbers."""

    id = text()
    at = moment()
    terminal = text()
    store = text()
    epoch = whole()
    sequence = whole()
    code = text()
    kind = text()
    receipt = text(null=True)
    state = text()
    note = text(null=True)
    resolved_by = text(null=True)
    resolved_at = moment(null=True)
