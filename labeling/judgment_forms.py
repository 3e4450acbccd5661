"""What a grader or a lead may send about one unit, checked before the workflow sees it."""

import uuid
from typing import Any

from django import forms

from feedback.models import Output
from labeling.codebooks import modes_of
from labeling.models import Audit, Correctness, FailureMode, Skip, Unit
from labeling.workflow import Judgment, was_sent
from projects.errors import InputError

MAX_NOTE = 4000


class OneProblemForm(forms.Form):
    """A small form whose first error is one sentence above the buttons."""

    @property
    def problem(self) -> str:
        return next((str(errors[0]) for errors in self.errors.values()), "")


class VerdictForm(OneProblemForm):
    """The blind verdict."""

    correctness = forms.ChoiceField(
        choices=Correctness.choices,
        error_messages={
            "required": "Verdict: expected correct, incorrect or cannot tell, got none.",
            "invalid_choice": "Verdict: expected correct, incorrect or cannot tell, "
            "got “%(value)s”.",
        },
    )


class SkipForm(OneProblemForm):
    """Why a unit goes back for others."""

    reason = forms.ChoiceField(
        choices=Skip.Reason.choices,
        error_messages={
            "required": "To skip, choose a reason of the list.",
            "invalid_choice": "Skip: expected a reason of the list, got “%(value)s”.",
        },
    )
    note = forms.CharField(max_length=MAX_NOTE, required=False)


class TimeForm(forms.Form):
    """One showing of a unit on one screen, and its active time so far."""

    view = forms.UUIDField()
    active_ms = forms.IntegerField(min_value=0, max_value=2**31 - 1)


class DraftForm(OneProblemForm):
    """What the page reports while somebody works: the inputs, when they have changed."""

    draft = forms.BooleanField(required=False, help_text="True: the inputs are sent along.")
    correctness = forms.ChoiceField(choices=[("", ""), *Correctness.choices], required=False)
    failure_mode = forms.SlugField(max_length=120, required=False)
    further_modes = forms.CharField(max_length=MAX_NOTE, required=False)
    revision_reason = forms.CharField(max_length=MAX_NOTE, required=False, strip=False)
    note = forms.CharField(max_length=MAX_NOTE, required=False, strip=False)
    skip_note = forms.CharField(max_length=MAX_NOTE, required=False, strip=False)
    flag_text = forms.CharField(max_length=MAX_NOTE, required=False, strip=False)
    submission_id = forms.UUIDField(required=False)

    @property
    def is_draft(self) -> bool:
        return bool(self.cleaned_data["draft"])

    @property
    def submission(self) -> str:
        return str(self.cleaned_data["submission_id"] or "")

    @property
    def fields_to_keep(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {**data, "further_modes": data["further_modes"].split()}


class JudgmentForm(forms.Form):
    """Verdict and failure mode together; the choices come from the audit's codebook.

    `locked` is the blind verdict: another one needs a reason. Without it (a lead's decision) any
    verdict may be chosen. `afresh`: the coder does not see what they said before, so the reason is
    asked whatever it was: to ask it only of a change would tell.
    """

    correctness = forms.ChoiceField(
        choices=Correctness.choices,
        required=False,
        label="Verdict",
        error_messages={
            "invalid_choice": "expected correct, incorrect or cannot_tell, got %(value)s."
        },
    )
    failure_mode = forms.ChoiceField(
        required=False,
        error_messages={"invalid_choice": "expected a mode of this codebook, got %(value)s."},
    )
    further_modes = forms.MultipleChoiceField(
        required=False,
        error_messages={"invalid_choice": "expected modes of this codebook, got %(value)s."},
    )
    revision_reason = forms.CharField(max_length=MAX_NOTE, required=False)
    note = forms.CharField(max_length=MAX_NOTE, required=False)
    submission_id = forms.UUIDField(required=False)
    codebook_version = forms.IntegerField(required=False)

    def __init__(
        self,
        *args: Any,
        audit: Audit,
        unit: Unit,
        locked: str = "",
        afresh: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.unit = unit
        self.locked = locked
        self.afresh = afresh
        self.codebook = audit.codebook
        self.modes: dict[str, FailureMode] = {}
        if self.is_bound:
            self.modes = {mode.code: mode for mode in modes_of(audit.codebook)}
        choices = [(mode.code, mode.name) for mode in self.modes.values()]
        self.fields["failure_mode"].choices = choices  # type: ignore[attr-defined]
        self.fields["further_modes"].choices = choices  # type: ignore[attr-defined]

    def clean_failure_mode(self) -> FailureMode | None:
        return self.modes.get(self.cleaned_data["failure_mode"])

    def clean_further_modes(self) -> list[FailureMode]:
        return [self.modes[code] for code in dict.fromkeys(self.cleaned_data["further_modes"])]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        data["correctness"] = data.get("correctness") or self.locked
        if not data["correctness"] and "correctness" not in self.errors:
            self.add_error("correctness", "Say whether the answer was right.")
        if self.afresh and not data.get("revision_reason"):
            self.add_error("revision_reason", "Say why you judge it again.")
        if data.get("correctness") == Correctness.CANNOT_TELL or not self.unit.asks_mode:
            data["failure_mode"], data["further_modes"] = None, []
        return data

    def clean_codebook_version(self) -> int | None:
        """A label names the version it was given under: the one its coder had on the screen."""
        version: int | None = self.cleaned_data["codebook_version"]
        is_old = version not in (None, self.codebook.version)
        # What was stored before the audit went on gets its receipt.
        if is_old and not was_sent(str(self.cleaned_data.get("submission_id") or "")):
            raise forms.ValidationError(
                f"the audit went on to version {self.codebook.version} while this page was open: "
                "look at what changed, then submit again."
            )
        return version

    def judgment(self) -> Judgment:
        data = self.cleaned_data
        mode = data["failure_mode"]
        return Judgment(
            correctness=data["correctness"],
            failure_mode=mode,
            further_modes=tuple(more for more in data["further_modes"] if more != mode),
            revision_reason=data["revision_reason"]
            if self.afresh or (self.locked and data["correctness"] != self.locked)
            else "",
            note=data["note"],
        )

    @property
    def submission(self) -> str:
        return str(self.cleaned_data["submission_id"] or uuid.uuid4())

    def refuse(self, error: InputError) -> None:
        """Show the workflow's sentence on the form."""
        self.add_error(None, str(error))


class AdjudicationForm(JudgmentForm):
    """A lead's decision: any verdict and mode that go together, and the reason."""

    reason = forms.CharField(max_length=MAX_NOTE, error_messages={"required": "Say why."})


class TrainingForm(OneProblemForm):
    """One step of a training unit: the verdict, or the failure mode after it."""

    attempt = forms.IntegerField(min_value=1, max_value=1000)
    correctness = forms.ChoiceField(
        choices=Correctness.choices,
        required=False,
        error_messages={
            "invalid_choice": "Verdict: expected correct, incorrect or cannot tell, "
            "got “%(value)s”.",
        },
    )
    failure_mode = forms.ModelChoiceField(
        FailureMode.objects.none(),
        to_field_name="code",
        required=False,
        error_messages={"invalid_choice": "Expected a mode of this codebook, got %(value)s."},
    )

    def __init__(self, *args: Any, audit: Audit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        modes = audit.codebook.modes.all()
        self.fields["failure_mode"].queryset = modes  # type: ignore[attr-defined]


class GoldForm(forms.Form):
    """A known answer; `cleaned_data` is what `planting.add_gold` takes."""

    unit = forms.CharField(max_length=200, label="Output")
    correctness = forms.ChoiceField(choices=Correctness.choices, label="Verdict")
    label = forms.ModelChoiceField(
        FailureMode.objects.none(), to_field_name="code", required=False, label="Failure mode"
    )
    explanation = forms.CharField(max_length=MAX_NOTE, required=False)
    is_training = forms.BooleanField(required=False, label="For training")

    def __init__(self, *args: Any, audit: Audit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.audit = audit
        self.fields["label"].queryset = audit.codebook.modes.all()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        name = data.pop("unit", None)
        data["mode"] = data.pop("label", None)
        output = Output.objects.filter(project=self.audit.project_id, external_id=name).first()
        if name and output is None:
            self.add_error("unit", f"Expected the id of an output of this project, got {name}.")
        return {**data, "output": output}

    def refuse(self, error: InputError) -> None:
        """Show the sentence beside the field it is about, or above the form."""
        field, _, rest = str(error).partition(": ")
        known = field if field in self.fields else None
        self.add_error(known, rest[:1].upper() + rest[1:] if known else str(error))
