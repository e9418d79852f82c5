"""/segments: audiences by rule, in the rule language of docs/segments.md."""

from __future__ import annotations

from flask import Response

from loyalty_pos.api.base import api, page, reply, services, show
from loyalty_pos.api.body import read, write
from loyalty_pos.services import segment_members, segments
from loyalty_pos.services.segments import PreviewIn, SegmentIn


@api.get("/segments")
def list_segments() -> Response:
    """Every segment with its rule and its size, by code."""
    return show(segments.list_segments(services(), *page()))


@api.post("/segments")
def save_segment() -> Response:
    """Keep a segment, or make the next version of the one with this code; its members are found at once."""
    return reply(segments.save(services(), *write(SegmentIn)))


@api.post("/segments/preview")
def preview_segment() -> Response:
    """Whom a rule would mean: the count, what each condition leaves, some members; nothing changes."""
    return show(segments.preview(services(), read(PreviewIn).rule))


@api.get("/segments/<code>")
def get_segment(code: str) -> Response:
    """A segment, its sentence, its size day by day, its members by tier and by store."""
    return show(segments.get(services(), code))


@api.get("/segments/<code>/members")
def segment_member_list(code: str) -> Response:
    """Who belongs to a segment now, by id."""
    return show(segment_members.list_members(services(), code, *page()))
