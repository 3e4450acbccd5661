"""The form that draws an audit."""

import secrets
from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from feedback.controls import SHAMS_BELOW
from feedback.frame_source import STRATA_FIELDS
from feedback.frame_strata import FRAMES
from feedback.frames import MOST_CODERS, FramePlan
from labeling.audit_options import check_cap, check_third_opinion
from labeling.codebooks import DEFAULT
from labeling.drawing import check_slug
from labeling.judged_frame import BY_JUDGE, JUDGE_NEGATIVES, source_by_judge, split_by_judge
from labeling.models import Codebook, Judge, JudgeVerdict
from projects.errors import InputError
from projects.models import Project

FIELD_OF = {
    "strata": "strata_field",
    "judge-negatives": "judge_negatives",
    "thumbs-up": "n_thumbs_up",
    "size or margin": "size",
    "third opinion": "asks_third",
    "most labels": "max_labels",
    "sham-share": "sham_share",
    "thumbs-up or sham-share": "sham_share",
}
"""The field that a sentence of InputError is about, where it is not the field's own name."""


STRATA = [("", "None"), *((field, field.capitalize()) for field in STRATA_FIELDS)]


def judges_of(project: Project) -> QuerySet[Judge]:
    """The judges that have judged anything."""
    verdicts = JudgeVerdict.objects.current().filter(judge=OuterRef("pk"))
    return Judge.objects.filter(Exists(verdicts), project=project)


def random_seed() -> int:
    return secrets.randbits(31)


class AuditForm(forms.Form):
    """What to draw. For a preview the audit needs no name yet."""

    name = forms.CharField(max_length=160, help_text="Shown to graders and on the report.")
    slug = forms.SlugField(max_length=80, help_text="In addresses, for example 2026-w34.")
    frame = forms.ChoiceField(choices=[(code, kind.title) for code, kind in FRAMES.items()])
    strata_field = forms.ChoiceField(
        label="Strata",
        required=False,
        choices=STRATA,
        help_text="At most about six; each gets at least 20 units. By a judge: each of its "
        "verdicts, and what it has not judged, is a stratum.",
    )
    judge_negatives = forms.FloatField(
        required=False,
        initial=round(100 * JUDGE_NEGATIVES),
        label="From the judge's negatives",
        help_text="With strata by a judge, in percent of the sample: what it does not call "
        "correct. 70 and more suits a good judge of a rare mode; the preview says what it gains. "
        "Empty: in proportion.",
    )
    size = forms.IntegerField(
        required=False, initial=200, help_text="Units to draw. Leave it empty to give a margin."
    )
    margin = forms.FloatField(
        required=False,
        label="Wanted margin",
        help_text="In points, for example 5 for ±5 at the worst case, a share of 50%.",
    )
    coders = forms.IntegerField(
        label="Coders per unit",
        initial=3,
        max_value=MOST_CODERS,
        help_text="Three settle most units by majority.",
    )
    asks_third = forms.BooleanField(
        label="Third opinion",
        required=False,
        help_text="One more coder where the first ones differ. It needs one more person.",
    )
    max_labels = forms.IntegerField(
        label="Most labels per coder",
        required=False,
        help_text="Nobody gets a new unit after so many labels. Empty: no limit.",
    )
    n_thumbs_up = forms.IntegerField(
        label="Thumbs-up controls",
        initial=0,
        required=False,
        help_text="Beside a negative frame. They never enter the headline; accuracy needs them.",
    )
    sham_share = forms.FloatField(
        label="Shams",
        required=False,
        help_text="In percent of all units: half thumbs-up, half unrated, so that nobody may "
        "assume that every unit is bad. Or give a number of thumbs-up.",
    )
    seed = forms.IntegerField(
        initial=random_seed, help_text="The same seed draws the same outputs everywhere."
    )
    codebook = forms.ModelChoiceField(
        Codebook.objects.none(), required=False, empty_label="Default", help_text="Then frozen."
    )
    is_blind = forms.BooleanField(
        label="Blind first",
        initial=True,
        required=False,
        help_text="The user's rating appears only after the verdict is locked.",
    )
    is_prepared = forms.BooleanField(
        label="Prepare it first",
        initial=True,
        required=False,
        help_text="Drawn, and open to nobody until you open it: set people, training and gold "
        "before the first label. Off: graders get units at once.",
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        project: Project,
        is_preview: bool = False,
    ) -> None:
        super().__init__(data, label_suffix="")
        self.project = project
        self.is_preview = is_preview
        self.fields["strata_field"].choices = [  # type: ignore[attr-defined]
            *STRATA,
            *((f"{BY_JUDGE}{judge}", f"Verdict of {judge}") for judge in judges_of(project)),
        ]
        codebooks = Codebook.objects.filter(project=project)
        self.fields["codebook"].queryset = codebooks  # type: ignore[attr-defined]
        self.fields["codebook"].initial = codebooks.filter(name=DEFAULT).first()
        if is_preview:
            self.fields["name"].required = self.fields["slug"].required = False

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if self.is_preview and not slug:
            return slug
        try:
            check_slug(slug)
        except InputError as error:
            rest = str(error).partition(": ")[2]
            raise forms.ValidationError(rest[:1].upper() + rest[1:]) from error
        return slug

    def clean_margin(self) -> float | None:
        points: float | None = self.cleaned_data["margin"]
        if points is not None and not 0 < points < 50:
            raise forms.ValidationError(f"Expected points above 0 and below 50, got {points:g}.")
        return points

    def clean(self) -> dict[str, Any]:
        """Refuse options that do not go together with the coders per unit."""
        given = super().clean() or {}
        try:
            check_cap(given.get("max_labels"))
            check_third_opinion(asks_third=given["asks_third"], coders=given.get("coders") or 2)
        except InputError as error:
            self.refuse(error)
        return given

    def clean_sham_share(self) -> float:
        percent: float = self.cleaned_data["sham_share"] or 0.0
        if not 0 <= percent < 100 * SHAMS_BELOW:
            raise forms.ValidationError(
                f"Expected a percentage from 0 to below {100 * SHAMS_BELOW:g}, got {percent:g}."
            )
        return percent / 100

    def clean_judge_negatives(self) -> float | None:
        """As a part; None where the strata are no judge's label, since the field comes filled."""
        percent: float | None = self.cleaned_data["judge_negatives"]
        field = self.cleaned_data.get("strata_field", "")
        if percent is None or not field.startswith(BY_JUDGE):
            return None
        if not 0 < percent < 100:
            raise forms.ValidationError(
                f"Expected a percentage above 0 and below 100, got {percent:g}."
            )
        return percent / 100

    def plan(self) -> FramePlan:
        """The plan of a valid form, frozen at this moment."""
        given = self.cleaned_data
        margin, until = given["margin"], timezone.now()
        return FramePlan(
            project=self.project,
            frame=given["frame"],
            strata_field=given["strata_field"],
            size=given["size"],
            margin=None if margin is None else margin / 100,
            n_thumbs_up=given["n_thumbs_up"] or 0,
            sham_share=given["sham_share"],
            coders=given["coders"],
            seed=given["seed"],
            until=until,
            source=source_by_judge(self.project, given["strata_field"], until),
            split=split_by_judge(given["strata_field"], given["judge_negatives"]),
        )

    def refuse(self, error: InputError) -> None:
        """Show the sentence beside the field it is about, or above the form."""
        about, _, rest = str(error).partition(": ")
        field = FIELD_OF.get(about, about)
        if field == about and field in self.fields:  # the label says where
            self.add_error(field, rest[:1].upper() + rest[1:])
        else:
            self.add_error(field if field in self.fields else None, str(error))
