"""The console's segments: the list beside the one that is open, and the builder with its live count."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from loyalty_pos.api.auth import current_caller, require_role
from loyalty_pos.domain.segments.ready import GROUPS, Ready
from loyalty_pos.errors import BadInput, LoyaltyError
from loyalty_pos.services import segment_members
from loyalty_pos.services import segments as use_cases
from loyalty_pos.services.context import Request
from loyalty_pos.web import format, i18n, offers, segment_form
from loyalty_pos.web.declared import Json
from loyalty_pos.web.i18n import gettext as _
from loyalty_pos.web.members import PAGE, READERS, WRITERS, around
from loyalty_pos.web.pages import Empty, book, services, web
from loyalty_pos.web.refusals import say

MOST = 200
WIDTH, HEIGHT, LEFT, FOOT, TOP = 500, 226, 46, 30, 14
"""The line of sizes, in its own units."""
PARTS_SHOWN = 4


@web.get("/manage/segments")
@require_role(*READERS)
def segments() -> Response | str:
    """The list, and the first segment that is kept."""
    found = use_cases.list_segments(services(), None, MOST)["items"]
    if found:
        return redirect(url_for("web.segment", code=found[0]["code"]))
    return render_template("manage/segments.html", open=None, **_list(None), **around())


@web.get("/manage/segments/<code>")
@require_role(*READERS)
def segment(code: str) -> str:
    """One segment: its sentence, what each condition leaves, its size over time, who they are."""
    found = use_cases.get(services(), code)
    return render_template(
        "manage/segments.html",
        open=found | {"name": _name(found), "by_tier": _tiers(found["by_tier"]), "by_store": _stores(found)},
        chart=_chart(found["sizes"]),
        **_preview(found["rule"]),
        **_list(code),
        **around(),
    )


@web.get("/manage/segments/<code>/members")
@require_role(*WRITERS)
def segment_people(code: str) -> str:
    """Everybody in a segment, a page at a time."""
    found = segment_members.list_members(services(), code, request.args.get("cursor"), PAGE, i18n.language())
    return render_template(
        "manage/segment_members.html", found=use_cases.get(services(), code), people=found["items"],
        next=found["next"], code=code, name=_name(use_cases.get(services(), code)), **around(),
    )  # fmt: skip


@web.post("/manage/segments/ready")
@require_role(*WRITERS)
def segment_ready() -> Response:
    """Keep one of the ready-made segments."""
    code = request.form.get("code", "")
    if not Empty().validate_on_submit():
        return redirect(url_for("web.segments"))
    use_cases.make_ready(services(), Request(current_caller()), code)
    return redirect(url_for("web.segment", code=code))


@web.route("/manage/segments/new", methods=["GET", "POST"])
@require_role(*WRITERS)
def segment_new() -> Response | str | tuple[str, int]:
    """A form for a new segment."""
    return _edit(None)


@web.route("/manage/segments/<code>/edit", methods=["GET", "POST"])
@require_role(*WRITERS)
def segment_edit(code: str) -> Response | str | tuple[str, int]:
    """The rule of a segment; saving it makes the next version."""
    return _edit(use_cases.get(services(), code))


def _edit(before: Json | None) -> Response | str | tuple[str, int]:
    """Show the builder; the button that stores does, any other redraws the form."""
    if request.method == "GET":
        return _builder(before, before["rule"] if before else segment_form.OPENS, _names(before))
    choices = use_cases.shop_choices(services(), i18n.language())
    rule, names = segment_form.document(request.form, choices), _typed_names()
    do, token = request.form.get("do", ""), Empty()
    code = before["code"] if before else request.form.get("code", "").strip()
    if do != "save":
        return _builder(before, segment_form.pressed(rule, do), names)
    if not token.validate_on_submit():
        return _builder(before, rule, names, refusal=token.stale()), 422
    try:
        body = use_cases.decoded({"code": code, "name": names, "rule": rule})
        use_cases.save(services(), Request(current_caller()), body)
    except LoyaltyError as error:
        return _builder(before, rule, names, error.errors, say(error)), 422
    flash(_("Saved."), "good")
    return redirect(url_for("web.segment", code=code))


def _names(before: Json | None) -> dict[str, str]:
    name = before["name"] if before else {}
    return {"vi": name} if isinstance(name, str) else dict(name)


def _typed_names() -> dict[str, str]:
    typed = {language: request.form.get(f"name.{language}", "").strip() for language in ("vi", "en")}
    return {language: text for language, text in typed.items() if text}


def _builder(
    before: Json | None,
    rule: Json,
    names: dict[str, str],
    errors: Mapping[str, list[str]] | None = None,
    refusal: str | None = None,
) -> str:
    tried = _preview(rule)
    choices = use_cases.shop_choices(services(), i18n.language())
    return render_template(
        "manage/segment.html",
        before=before,
        title=_name(before) if before else _("New segment"),
        names=names,
        code=before["code"] if before else request.form.get("code", ""),
        fields=segment_form.fields(),
        parts=segment_form.shown(rule, (errors or {}) | tried["faults"], choices),
        refusal=refusal,
        token=Empty(),
        **tried,
        **around(),
    )


def _preview(rule: Json) -> dict[str, Any]:
    """The rule tried: ``found`` with its funnel and sentence, or ``faults`` by path; ``took`` in ms."""
    began = time.perf_counter()
    try:
        found = use_cases.preview(services(), rule, i18n.language())
    except BadInput as error:
        return {"found": None, "faults": error.errors, "took": 0, "pieces": [], "left": {}, "stopped": None}
    took = round(1000 * (time.perf_counter() - began))
    language, total = i18n.language(), max(found["members"], 1)
    before = found["members"]
    for step in found["funnel"]:
        step |= {
            "words": _beginning(step["text"][language], lower=step["out"]),
            "width": round(100 * step["left"] / total, 2),
            "kept": round(100 * step["left"] / before) if before else 0,
        }
        before = step["left"]
    left = {step["path"].removeprefix("rule."): step for step in found["funnel"]}
    stopped = next((step["words"] for step in found["funnel"] if step["path"] == found["emptied_by"]), None)
    pieces = use_cases.sentence_of(services(), rule, language)
    return {"found": found, "faults": {}, "took": took, "pieces": pieces, "left": left, "stopped": stopped}


def _beginning(text: str, lower: bool) -> str:
    return text[0].lower() + text[1:] if lower else text


# The list -------------------------------------------------------------------------------------------


def _list(here: str | None) -> dict[str, Any]:
    """The segments in their groups: the ready-made ones, kept or not, then the shop's own."""
    kept = {one["code"]: one for one in use_cases.list_segments(services(), None, MOST)["items"]}
    made, groups = use_cases.ready(services()), []
    for group, titles in GROUPS.items():
        items = [_ready(one, kept.get(one.code), here) for one in made if one.group == group]
        groups.append((titles[0 if i18n.language() == "vi" else 1], items))
    known = {one.code for one in made}
    groups.append((_("Your own"), [_item(row, here) for code, row in kept.items() if code not in known]))
    return {"groups": [(title, items) for title, items in groups if items], "kept": len(kept), "token": Empty()}


def _ready(one: Ready, row: Json | None, here: str | None) -> Json:
    return _item(row, here) if row else {"code": one.code, "name": one.name[i18n.language()], "kept": False}


def _item(row: Json, here: str | None) -> Json:
    """A kept segment as a line of the list, with how it changed within a week."""
    before, now = row["week_ago"], row["members"]
    change = None if not before else round(100 * (now - before) / before, 1)
    return {
        "code": row["code"], "name": _name(row), "kept": True, "members": now, "here": row["code"] == here,
        "change": change, "changed": format.tenths(_readable(abs(change)), i18n.language()) if change else "",
    }  # fmt: skip


def _readable(percent: float) -> float:
    return percent if percent < 10 else round(percent)


def _name(row: Json) -> str:
    return offers.name(row)


# Who they are ---------------------------------------------------------------------------------------


def _tiers(parts: list[Json]) -> list[Json]:
    """Each tier's share, highest first, in its own colour."""
    order = [level.code for level in book().rules.tiers.levels]
    names = {level.code: offers.tier_name(level.name) for level in book().rules.tiers.levels}
    colours = {"bronze": "tb", "silver": "ts", "gold": "tg", "platinum": "tp"}
    ranked = sorted(parts, key=lambda x: -order.index(x["tier"]) if x["tier"] in order else 1)
    rows = [
        {"name": names.get(x["tier"], _("no tier")), "members": x["members"], "fill": colours.get(x["tier"] or "")}
        for x in ranked
    ]
    return _shares(rows)


def _stores(found: Json) -> list[Json]:
    """The usual stores, the most first; those beyond the fourth together."""
    rows = [{"name": x["store"], "members": x["members"], "fill": None} for x in found["by_store"]]
    rest = sum(x["members"] for x in rows[PARTS_SHOWN - 1 :]) if len(rows) > PARTS_SHOWN else 0
    if rest:
        rows = [*rows[: PARTS_SHOWN - 1], {"name": _("others"), "members": rest, "fill": None}]
    return _shares(rows)


def _shares(rows: list[Json]) -> list[Json]:
    """Rows with where each begins and how wide it is, in %."""
    total, at, found = max(sum(x["members"] for x in rows), 1), 0, []
    for number, row in enumerate(rows):
        found.append(
            row | {
                "x": round(100 * at / total, 2), "width": round(100 * row["members"] / total, 2),
                "fill": row["fill"] or f"f{number % PARTS_SHOWN + 1}",
                "key": f"k-{row['fill']}" if row["fill"] else f"k{number % PARTS_SHOWN + 1}",
            }
        )  # fmt: skip
        at += row["members"]
    return found


def _chart(sizes: list[Json]) -> dict[str, Any] | None:
    """The size day by day as a line; None before there are two days."""
    if len(sizes) < 2:
        return None
    counts = [x["members"] for x in sizes]
    low, high = min(counts), max(max(counts), min(counts) + 4)
    room, across = HEIGHT - FOOT - TOP, WIDTH - LEFT - 14

    def y(count: float) -> float:
        return round(float(HEIGHT - FOOT - room * (count - low) / (high - low)), 1)

    steps = [low + (high - low) * step / 4 for step in range(5)]

    points = [
        {"x": round(LEFT + across * number / (len(sizes) - 1), 1), "y": y(x["members"]), "day": x["day"]}
        for number, x in enumerate(sizes)
    ]
    every = max(1, len(points) // 4)
    line = " ".join(f"{p['x']},{p['y']}" for p in points)
    foot = HEIGHT - FOOT
    return {
        "line": line,
        "area": f"{LEFT},{foot} {line} {points[-1]['x']},{foot}",
        "lines": [{"y": y(count), "count": round(count)} for count in steps],
        "days": points[::every], "last": points[-1], "first_count": counts[0], "last_count": counts[-1],
        "rows": list(reversed(sizes))[:24], "width": WIDTH, "height": HEIGHT, "left": LEFT, "right": WIDTH - 14,
    }  # fmt: skip
