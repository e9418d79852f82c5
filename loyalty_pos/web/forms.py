"""The forms of the pages: fields, their limits, and the rule-language boxes of a promotion.

A form checks shape only (a date is a date, JSON is JSON); whether a rule makes sense is decided
by the domain, and its answer is shown above the form.
"""

from __future__ import annotations

from wtforms import (  # type: ignore[import-untyped]
    DateField,
    HiddenField,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import (  # type: ignore[import-untyped]
    DataRequired,
    InputRequired,
    Length,
    Optional,
    Regexp,
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


class MoneyForm(Form):
    """Money put on a gift card or wallet by hand; ``key`` makes pressing the button twice put it there once."""

    key = HiddenField(validators=[Regexp(r"^[A-Za-z0-9-]{16,64}$")])
    amount = StringField(
        _l("Amount"), [InputRequired(), Regexp(r"^[\d., ]{1,15}$", message=_l("A whole amount, please."))]
    )
    expires_on = DateField(_l("Last day"), [Optional()])
    reason = StringField(_l("Why?"), [DataRequired(), Length(max=200)])
