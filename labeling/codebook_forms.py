"""The form in which a lead writes a version of a codebook: all its modes on one page."""

from collections.abc import Mapping, Sequence, Set
from typing import Any

from django import forms
from django.forms.formsets import BaseFormSet

from labeling.codebook_versions import VERDICTS
from labeling.default_modes import Mode
from projects.errors import InputError

MOST_MODES = 60
NEW_ONES = ("One more mode", "A second new mode", "A third new mode")
"""Blank ones under the modes there are: so many can be added by one save."""
NEEDS = [("", "any verdict"), *((verdict, verdict) for verdict in VERDICTS)]
CASES, NEAR_MISSES = ("case_1", "case_2"), ("near_miss_1", "near_miss_2")


class Text(forms.CharField):
    """Several lines; their ends are stored alike, whatever the browser sends."""

    def __init__(self, *, rows: int, max_length: int, **more: Any) -> None:
        widget = forms.Textarea({"rows": rows})
        super().__init__(max_length=max_length, required=False, widget=widget, **more)

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n")


class ModeForm(forms.Form):
    """One mode, with room for two examples for it and two against."""

    name = forms.CharField(max_length=120)
    code = forms.CharField(max_length=120)
    position = forms.IntegerField(label="Place", required=False)
    key = forms.CharField(max_length=1, required=False)
    needs = forms.ChoiceField(label="Goes with the verdict", choices=NEEDS, required=False)
    definition = Text(rows=3, max_length=4000)
    case_1 = Text(label="Example for it", rows=2, max_length=1000)
    case_2 = Text(label="Second example for it", rows=2, max_length=1000)
    near_miss_1 = Text(label="Example against it", rows=2, max_length=1000)
    near_miss_2 = Text(label="Second example against it", rows=2, max_length=1000)
    remove = forms.BooleanField(label="Remove this mode", required=False)

    def __init__(
        self,
        *args: Any,
        known: Mode | None,
        title: str,
        is_used: bool,
        n_labels: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.known = known
        self.title = title
        self.n_labels = n_labels
        if known is None:
            del self.fields["remove"]
        elif is_used:
            self.fields["code"].disabled = True

    @property
    def short_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in ("name", "code", "position", "key", "needs")]

    @property
    def examples(self) -> list[forms.BoundField]:
        return [self[name] for name in (*CASES, *NEAR_MISSES)]

    def mode(self, last: int) -> Mode:
        """The mode as written; without a place it goes behind the `last`."""
        given = self.cleaned_data
        return Mode(
            code=given["code"],
            name=given["name"],
            definition=given["definition"],
            needs=given["needs"],
            key=given["key"].lower(),
            position=last + 1 if given["position"] is None else given["position"],
            cases=tuple(given[name] for name in CASES if given[name]),
            near_misses=tuple(given[name] for name in NEAR_MISSES if given[name]),
        )


class ModeForms(BaseFormSet):  # type: ignore[type-arg] # takes no argument at run time
    """The modes of a version, and a few that are blank."""

    def __init__(
        self,
        *args: Any,
        known: Sequence[Mode],
        used: Set[str],
        n_labels: Mapping[str, int],
        **kwargs: Any,
    ) -> None:
        self.known = known
        self.used = used
        self.n_labels = n_labels
        kwargs |= {"prefix": "mode", "initial": [as_fields(mode) for mode in known]}
        super().__init__(*args, **kwargs)

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        place = len(self.known) if index is None else index
        known = self.known[place] if place < len(self.known) else None
        code = known.code if known else ""
        names = dict(enumerate(NEW_ONES, start=len(self.known)))
        return {
            "known": known,
            "title": known.name if known else names.get(place, "One more new mode"),
            "is_used": code in self.used,
            "n_labels": self.n_labels.get(code, 0),
        }


ModeFormSet: Any = forms.formset_factory(
    ModeForm, formset=ModeForms, extra=len(NEW_ONES), max_num=MOST_MODES, absolute_max=MOST_MODES
)


def as_fields(mode: Mode) -> dict[str, object]:
    """The mode as a form's first values; of more than two examples the rest is not shown."""
    return {
        "name": mode.name,
        "code": mode.code,
        "position": mode.position,
        "key": mode.key,
        "needs": mode.needs,
        "definition": mode.definition,
        **dict(zip(CASES, mode.cases, strict=False)),
        **dict(zip(NEAR_MISSES, mode.near_misses, strict=False)),
    }


class VersionForm(forms.Form):
    """What changed and why, and all the modes."""

    note = Text(label="What changed, and why", rows=3, max_length=4000)
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        known: Sequence[Mode],
        used: Set[str],
        n_labels: Mapping[str, int],
        initial: dict[str, str],
    ) -> None:
        super().__init__(data, initial=initial, label_suffix="")
        self.fields["note"].required = True
        self.modes = ModeFormSet(data, known=known, used=used, n_labels=n_labels)

    def is_valid(self) -> bool:
        return all([super().is_valid(), self.modes.is_valid()])  # both, so that both say why

    @property
    def problems(self) -> list[str]:
        """What is to be put right, all of it: the page is long, and its fields are far below."""
        of_modes = [
            f"“{mode.title}”, {problem}" for mode in self.modes for problem in field_problems(mode)
        ]
        whole = [*self.non_field_errors(), *self.modes.non_form_errors()]
        return [*map(str, whole), *of_modes, *field_problems(self)]

    def written(self) -> list[Mode]:
        """The modes that stay, new ones included; a blank fieldset is none."""
        forms_ = [f for f in self.modes if f.has_changed() or f.known]
        kept = [form for form in forms_ if not form.cleaned_data.get("remove")]
        last = max((form.cleaned_data["position"] or 0 for form in kept), default=0)
        modes = []
        for form in kept:
            modes.append(form.mode(last))
            last = max(last, modes[-1].position)
        return modes

    def removed(self) -> set[str]:
        """Codes that are ticked to go, or that have become another while nothing used them."""
        known = [form for form in self.modes if form.known]
        gone = [
            f for f in known if f.cleaned_data["remove"] or f.cleaned_data["code"] != f.known.code
        ]
        return {form.known.code for form in gone}

    def refuse(self, error: InputError) -> None:
        """Show the sentence of the workflow on the form."""
        self.add_error(None, str(error))


def field_problems(form: forms.Form) -> list[str]:
    return [
        f"{field.label}: {error}" for field in form for error in field.errors if not field.is_hidden
    ]
