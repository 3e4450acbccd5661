"""The form of the planner: percentages and points, as people say them."""

from collections.abc import Mapping
from typing import Any

from django import forms

from projects.errors import InputError
from release.planning import Assumptions, written

PERCENT = ("margin", "truth", "low", "high", "completion", "sensitivity", "specificity")


class PlanForm(forms.Form):
    """What a plan rests on. It changes nothing, so it is sent by GET and can be linked to."""

    n_frame = forms.IntegerField(
        label="Frame", help_text="Negative outputs that the audit speaks of; today's at first."
    )
    truth = forms.FloatField(
        label="Assumed share", help_text="In percent: what you think the truth is."
    )
    margin = forms.FloatField(label="Wanted margin", help_text="In points, for example 5 for ±5.")
    low = forms.FloatField(label="Known at most", help_text="In percent: the gate's lower limit.")
    high = forms.FloatField(label="Too high from", help_text="In percent: the gate's upper limit.")
    units = forms.IntegerField(
        label="Units", required=False, help_text="To see what they buy. Empty: several numbers."
    )
    coders = forms.IntegerField(label="Coders per unit")
    deff = forms.FloatField(
        label="Design effect",
        help_text="Of users with several outputs, and of strata. 1: none.",
    )
    completion = forms.FloatField(help_text="In percent of the drawn units.")
    sensitivity = forms.FloatField(
        label="Sensitivity of a unit's label", help_text="In percent. 100: coders do not err."
    )
    specificity = forms.FloatField(
        label="Specificity of a unit's label", help_text="In percent. 100: coders do not err."
    )

    def __init__(self, given: Mapping[str, str], *, measured: Assumptions) -> None:
        known = {name: given[name] for name in self.base_fields if name in given}
        super().__init__({**as_typed(measured), **known}, label_suffix="")

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not self.errors:
            try:
                self.assumptions().check()
            except InputError as error:
                field, _, rest = str(error).partition(": ")
                self.add_error(field, self.as_people_say(field, rest[:1].upper() + rest[1:]))
        return found

    def as_people_say(self, field: str, sentence: str) -> str:
        """The sentence with what was typed, a percentage where the rule has a fraction."""
        before, _, _ = sentence.rpartition(", got ")
        return f"{before}, got {written(self.cleaned_data[field])}."

    def assumptions(self) -> Assumptions:
        given = self.cleaned_data
        fractions = {name: given[name] / 100 for name in PERCENT}
        return Assumptions(**{**given, **fractions})


def as_typed(measured: Assumptions) -> dict[str, str]:
    """The assumptions as one would type them into the form."""
    typed = {}
    for name in PlanForm.base_fields:
        value = getattr(measured, name)
        percent = name in PERCENT
        typed[name] = f"{round(100 * value, 2):g}" if percent else str(value or "")
    return typed
