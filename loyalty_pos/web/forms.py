"""The forms of the pages: fields, their limits, and the rule-language boxes of a promotion.

A form checks shape only (a date is a date, JSON is JSON); whether a rule makes sense is decided
by the domain, and its answer is shown above the form.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from wtforms import (  # type: ignore[import-untyped]
    DateField,
    HiddenField,
    IntegerField,
    PasswordField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import (  # type: ignore[import-untyped]
    DataRequired,
    InputRequired,
    Length,
    Optional,
    Regexp,
    ValidationError,
)

from loyalty_pos.web.i18n import lazy as _l
from loyalty_pos.web.pages import Form

# What the forms library itself says, named here so that our catalogue has it.
LIBRARY_SENTENCES = (
    _l("This field is required."),
    _l("Field cannot be longer than %(max)d character."),
    _l("Field cannot be longer than %(max)d characters."),
    _l("Not a valid choice."),
    _l("Not a valid choice"),
    _l("Not a valid date value."),
    _l("Not a valid integer value."),
    _l("Invalid input."),
    _l("The CSRF token is missing."),
    _l("The CSRF token is invalid."),
    _l("The CSRF token has expired."),
    _l("The CSRF session token is missing."),
    _l("The CSRF tokens do not match."),
    _l("CSRF token missing."),
)


class LoginForm(Form):
    """Sign-in of staff."""

    login = StringField(_l("User name"), [InputRequired(), Length(max=64)])
    password = PasswordField(_l("Password"), [InputRequired(), Length(max=256)])


class ReasonForm(Form):
    """An action that only asks why."""

    reason = StringField(_l("Why?"), [DataRequired(), Length(max=200)])


class GiveForm(Form):
    """A coupon for chosen members; ``key`` makes pressing the button twice give once."""

    key = HiddenField(validators=[Regexp(r"^[A-Za-z0-9-]{16,64}$")])
    members = SelectMultipleField(
        _l("Members"),
        [InputRequired(_l("Choose at least one member.")), Length(max=200)],
        validate_choice=False,
    )
    promotion = SelectField(_l("Coupon of"), [InputRequired()])
    valid_to = DateField(_l("Last day"), [Optional()])
    reason = StringField(_l("Why?"), [DataRequired(), Length(max=200)])


class JsonField(TextAreaField):  # type: ignore[misc]
    """A box of the rule language: JSON of one type (``dict`` or ``list``), empty for none."""

    def __init__(self, label: Any, wanted: type, **kwargs: Any) -> None:
        super().__init__(label, render_kw={"rows": 6, "spellcheck": "false"}, **kwargs)
        self.wanted = wanted

    def process_data(self, value: Any) -> None:
        """Show a value as JSON, a line per entry."""
        self.data = value
        self.shown = json.dumps(value, ensure_ascii=False, indent=1) if value else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed; ValueError with a sentence when it is not such JSON."""
        self.shown = valuelist[0] if valuelist else ""
        try:
            self.data = json.loads(self.shown) if self.shown.strip() else self.wanted()
        except ValueError as error:
            raise ValueError(str(_l("This is not JSON."))) from error
        if not isinstance(self.data, self.wanted):
            raise ValueError(
                str(_l("An object { } belongs here.") if self.wanted is dict else _l("A list [ ] belongs here."))
            )

    def _value(self) -> str:
        return self.shown


class PromotionForm(Form):
    """A promotion: plain fields for its name and time, rule-language boxes for the rest."""

    code = StringField(
        _l("Code"),
        [
            Optional(),
            Length(max=64),
            Regexp(r"^[A-Za-z0-9][A-Za-z0-9._-]*$", message=_l("Latin letters, figures, dots and dashes.")),
        ],
    )
    trigger = SelectField(
        _l("How it is given"),
        choices=[SelectChoice("automatic", _l("by itself")), SelectChoice("coupon", _l("with a coupon"))],
    )
    name_vi = StringField(_l("Name in Vietnamese"), [DataRequired(), Length(max=200)])
    name_en = StringField(_l("Name in English"), [Optional(), Length(max=200)])
    valid_from = DateField(_l("First day"), [Optional()])
    valid_to = DateField(_l("Last day"), [Optional()])
    audience = JsonField(_l("For whom"), dict)
    conditions = JsonField(_l("Conditions"), list)
    rewards = JsonField(_l("Rewards"), list)
    limits = JsonField(_l("Limits"), dict)
    stacking = SelectField(
        _l("With other promotions"),
        choices=[
            SelectChoice("combine", _l("applies beside them")),
            SelectChoice("best_of_group", _l("only the best of its group")),
            SelectChoice("exclusive", _l("alone or not at all")),
            SelectChoice("only_if_alone", _l("only when nothing else applied")),
        ],
    )
    group = StringField(_l("Group"), [Optional(), Length(max=64)])
    priority = IntegerField(_l("Priority"), [Optional()], default=0)

    def validate_valid_to(self, field: DateField) -> None:
        """The last day is not before the first."""
        if field.data and self.valid_from.data and field.data < self.valid_from.data:
            raise ValidationError(str(_l("The last day is before the first.")))

    def show(self, promotion: Mapping[str, Any]) -> None:
        """Fill the fields from a promotion as stored."""
        names = promotion.get("name") or {}
        valid = promotion.get("valid") or {}
        values = {**promotion, "name_vi": names.get("vi"), "name_en": names.get("en")}
        for key, name in (("from", "valid_from"), ("to", "valid_to")):
            values[name] = date.fromisoformat(valid[key]) if valid.get(key) else None
        for field in self:
            if field.name in values:
                field.process(None, values[field.name])

    def merged(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """The promotion these fields describe; what they do not show is kept from ``before``."""
        names = {"vi": self.name_vi.data, "en": self.name_en.data}
        valid = {**(before.get("valid") or {}), "from": self.valid_from.data, "to": self.valid_to.data}
        changed = {
            "name": {language: text for language, text in names.items() if text},
            "valid": {
                key: getattr(value, "isoformat", lambda value=value: value)() for key, value in valid.items() if value
            },
            "trigger": self.trigger.data,
            "audience": self.audience.data,
            "conditions": self.conditions.data,
            "rewards": self.rewards.data,
            "limits": self.limits.data,
            "stacking": self.stacking.data,
            "group": self.group.data or None,
            "priority": self.priority.data or 0,
        }
        return {**before, **changed}
