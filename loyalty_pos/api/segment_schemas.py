"""What is sent and what comes back of segments; a rule itself is docs/segment-rule.schema.json."""

from __future__ import annotations

from marshmallow import fields

from loyalty_pos.api.answers import Named
from loyalty_pos.api.fields import CODE, Body, Label, plain
from loyalty_pos.api.schemas import MUST, doc
from loyalty_pos.api.shapes import anything, day, many, moment, one, text, whole, yes


class SegmentRule(Body):
    """A rule to try: nothing is stored."""

    rule = fields.Dict(keys=fields.String(), **MUST, **doc("all, any, not: as docs/segments.md lists them."))


class NewSegment(SegmentRule):
    """A segment to keep; a code that is known gets its next version."""

    code = plain(64, 1, pattern=CODE, **MUST)
    name = Label(**MUST, **doc("A text, or one per language: vi, en."))


class SegmentRow(Body):
    """A segment in a list: who belongs to it now, and how many did a week ago (null: not noted)."""

    code = text()
    name = fields.Raw(required=True)
    rule = anything()
    version = whole()
    saved_at = moment()
    saved_by = text()
    refreshed_at = moment(null=True)
    members = whole()
    week_ago = whole(null=True)


class Size(Body):
    """How many belonged to it on a local day."""

    day = day()
    members = whole()


class OfTier(Body):
    """Those of one tier."""

    tier = text(null=True)
    members = whole()


class OfStore(Body):
    """Those whose usual store it is, by its name."""

    store = text()
    members = whole()


class Segment(SegmentRow):
    """A segment with its sentence per language, and who belongs to it."""

    sentence = anything()
    sizes = many(Size)
    by_tier = many(OfTier)
    by_store = many(OfStore)


class SegmentMember(Body):
    """A member of a segment, as the queue may see one; minor units."""

    id = text()
    short_name = text(null=True)
    tier = one(Named, null=True)
    visits = whole()
    spend = whole()
    last_purchase = moment(null=True)
    days_since = whole(null=True)
    favourite = text(null=True)


class FunnelStep(Body):
    """One condition: how many are left after it, and how many it takes away (``out``: those who fulfil it)."""

    path = text()
    out = yes()
    text = anything()
    left = whole()
    lost = whole()


class SegmentPreview(Body):
    """Whom a rule means; ``emptied_by`` is the condition at which nobody is left."""

    members = whole()
    count = whole()
    funnel = many(FunnelStep)
    emptied_by = text(null=True)
    sentence = anything()
    sample = many(SegmentMember)
