"""The form of an audit's settings: what each does is said beside it, as graders will meet it."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from labeling.audit_options import AuditOptions, people_who_label, why_third_is_fixed
from labeling.models import Audit
from projects.errors import InputError
from projects.models import User

FIELD_OF = {"third opinion": "asks_third", "most labels": "max_labels"}
"""The field that a sentence of InputError is about."""


def percent_field(
    label: str, help_text: str, *, least: int = 0, most: int = 50
) -> forms.FloatField:
    expected = f"Expected {least} to {most} percent, got %(show_value)s."
    return forms.FloatField(
        label=label,
        help_text=help_text,
        validators=[MinValueValidator(least, expected), MaxValueValidator(most, expected)],
        widget=forms.NumberInput(attrs={"min": least, "max": most, "step": "any"}),
    )


class SettingsForm(forms.Form):
    """Third opinion, who may label and how much, planted units, training."""

    asks_third = forms.BooleanField(label="Third opinion", required=False)
    max_labels = forms.IntegerField(
        label="Most labels per person",
        required=False,
        help_text="Whoever has given so many gets no new unit and reads that the limit is reached. "
        "A unit that is on the desk may be finished. Empty: no limit.",
        widget=forms.NumberInput(attrs={"min": 1}),
    )
    by_invitation = forms.BooleanField(
        label="By invitation",
        required=False,
        help_text="Only the people ticked here get units. Everybody else reads “not yet invited” "
        "and whom to ask. Off: every grader and lead of the project gets units.",
    )
    let_in = forms.MultipleChoiceField(
        label="Who is let in",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Whoever is unticked finishes the unit on their desk and gets no other.",
    )
    gold_share = percent_field(
        "Gold units, %",
        "Of the units a grader gets, this part has a known answer. Graders cannot tell which; "
        "gold units enter no figure of the audit. Leads, who can read the answers, get none.",
    )
    repeat_share = percent_field(
        "Repeated units, %",
        "This part is units the grader has labelled before, to see whether they say the same. "
        "Graders are not told; repeats enter no figure of the audit. Leads get none.",
    )
    training_bar = percent_field(
        "Training bar, %",
        "A grader has to get this part of the training units right before the first unit of the "
        "audit. After each they see the answer and why. Empty: no training.",
        least=1,
        most=100,
    )
    shares_accuracy = forms.BooleanField(
        label="Graders see their own accuracy",
        required=False,
        help_text="Under “My work”, on gold units, their own alone. Off: only you see it.",
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, audit: Audit) -> None:
        super().__init__(data, label_suffix="", initial=initial_of(audit))
        self.audit = audit
        self.people = {str(member.user_id): member for member in people_who_label(audit)}
        names = [
            (key, f"{member.user.display_name}, {member.get_role_display().lower()}")
            for key, member in self.people.items()
        ]
        self.fields["let_in"].choices = names  # type: ignore[attr-defined]
        self.fields["training_bar"].required = False
        self.why_third_is_fixed = why_third_is_fixed(audit)
        self.fields["asks_third"].disabled = bool(self.why_third_is_fixed)
        self.fields["asks_third"].help_text = third_opinion_help(audit, self.why_third_is_fixed)
        if audit.is_closed:
            for field in self.fields.values():
                field.disabled = True

    def options(self) -> AuditOptions:
        given = self.cleaned_data
        bar = given["training_bar"]
        return AuditOptions(
            asks_third=given["asks_third"],
            max_labels_per_coder=given["max_labels"],
            by_invitation=given["by_invitation"],
            gold_share=given["gold_share"] / 100,
            repeat_share=given["repeat_share"] / 100,
            training_bar=None if bar is None else bar / 100,
            shares_accuracy=given["shares_accuracy"],
        )

    def let_in_people(self) -> list[User]:
        return [self.people[key].user for key in self.cleaned_data["let_in"]]

    def refuse(self, error: InputError) -> None:
        """Show the sentence beside the field it is about, or above the form."""
        about = str(error).partition(": ")[0]
        self.add_error(FIELD_OF.get(about), str(error))


def initial_of(audit: Audit) -> dict[str, Any]:
    bar = audit.training_bar
    return {
        "asks_third": audit.asks_third,
        "max_labels": audit.max_labels_per_coder,
        "by_invitation": audit.by_invitation,
        "let_in": [str(user) for user in audit.graders.values_list("user", flat=True)],
        "gold_share": percent(audit.gold_share),
        "repeat_share": percent(audit.repeat_share),
        "training_bar": None if bar is None else percent(bar),
        "shares_accuracy": audit.shares_accuracy,
    }


def percent(part: float) -> float | int:
    """Without the digits that binary fractions leave behind: .07 is 7 percent."""
    points = round(100 * float(part), 6)
    return int(points) if points.is_integer() else points


def third_opinion_help(audit: Audit, why_fixed: str) -> str:
    k = audit.coders_per_unit
    if k < 2:
        return why_fixed
    return (
        f"Where the first {k} labels of a unit differ, one more person is asked, once. It comes "
        "like any other unit: nobody can tell. Agreement stays on the first "
        f"{k} labels, and says so. {why_fixed}"
    ).strip()
