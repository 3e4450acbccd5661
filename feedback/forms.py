"""The three questions of an import: which file, which column is what, which values are negative."""

from collections.abc import Iterator
from typing import Any

from django import forms

from feedback import staging
from feedback.cleaning import as_json
from feedback.mapping import FIELDS, check, guess, leaves
from feedback.models import Channel, Import
from feedback.polarity import Polarity, check_values, in_order
from feedback.receipts import rating_counts
from projects.errors import InputError

MAX_UPLOAD_BYTES = 256 * 1024**2
"""Bytes of a file sent through the page; larger ones go through `import_feedback`."""


class UploadForm(forms.Form):
    file = forms.FileField(
        label="File",
        allow_empty_file=True,
        help_text="CSV with a header, JSON lines, or a JSON list; gzip is read as it is. "
        f"At most {MAX_UPLOAD_BYTES // 1024**2} MB; larger files: manage.py import_feedback.",
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_UPLOAD_BYTES:
            raise forms.ValidationError(
                f"Expected a file of at most {MAX_UPLOAD_BYTES:,} bytes, got {file.size:,}; "
                "import larger ones with manage.py import_feedback."
            )
        return file


class MappingForm(forms.Form):
    """A select of the file's columns per field, filled in with what the names suggest."""

    channel_name = forms.ChoiceField(
        label="Channel of the rating",
        required=False,
        choices=[("", "by the values: thumb, or rating for a scale"), *Channel.choices],
    )
    scale = forms.CharField(
        label="Scale of the rating",
        required=False,
        max_length=40,
        help_text="For numbers, such as 1..5: a rating outside it is rejected.",
    )

    def __init__(self, source: Import, data: Any = None) -> None:
        super().__init__(data)
        self.columns = list(source.columns)
        chosen = source.mapping or guess(self.columns)
        choices = [("", "not in the file"), *((name, name[:80]) for name in self.columns)]
        for name, known in FIELDS.items():
            if name != "scale":
                self.fields[f"field_{name}"] = forms.ChoiceField(
                    label=known.label,
                    required=False,
                    choices=choices,
                    initial=chosen.get(name, ""),
                )
        channel = chosen.get("channel", "")
        self.fields["channel_name"].initial = channel[1:] if channel.startswith(":") else ""
        self.fields["scale"].initial = chosen.get("scale", "").removeprefix(":")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        mapping = {name: cleaned.get(f"field_{name}", "") for name in FIELDS}
        if cleaned.get("channel_name"):
            mapping["channel"] = f":{cleaned['channel_name']}"
        if cleaned.get("scale"):
            mapping["scale"] = f":{cleaned['scale'].strip().removeprefix(':')}"
        if not self.errors:
            try:
                cleaned["mapping"] = check(self.columns, {k: v for k, v in mapping.items() if v})
            except InputError as error:
                raise forms.ValidationError(str(error)) from error
        return cleaned

    def selects(self) -> Iterator[forms.BoundField]:
        return (self[name] for name in self.fields if name.startswith("field_"))


class PolarityForm(forms.Form):
    """Which of the values are negative: a person says so, nothing is ticked for them."""

    negative = forms.MultipleChoiceField(
        label="Which of these are negative?", required=False, widget=forms.CheckboxSelectMultiple
    )
    rule = forms.RegexField(
        regex=r"\A\s*(<=|<|>=|>)\s*-?[0-9]+(\.[0-9]+)?\s*\Z",
        label="Or every number that is",
        required=False,
        max_length=40,
        help_text="For a scale, such as <=2.",
        error_messages={"invalid": "Expected a bound such as <=2, got something else."},
    )
    nothing = forms.BooleanField(label="None of these is negative", required=False)

    def __init__(self, source: Import, data: Any = None) -> None:
        super().__init__(data)
        self.counts = rating_counts(source)
        field = self.fields["negative"]
        field.choices = [(value, value) for value, _ in in_order(self.counts)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        words = [*cleaned.get("negative", []), "".join(cleaned.get("rule", "").split())]
        polarity = Polarity.from_list(word for word in words if word)
        said = bool(polarity.as_list())
        if not self.errors and said == bool(cleaned.get("nothing")):
            raise forms.ValidationError(
                "Expected at least one negative value, or that none is negative; got "
                f"{'both' if said else 'neither'}. Polarity is never guessed."
            )
        try:
            cleaned["polarity"] = check_values(polarity, self.counts)
        except InputError as error:
            raise forms.ValidationError(str(error)) from error
        return cleaned

    def bars(self) -> list[dict[str, Any]]:
        """Rows of the histogram: value, count, whether it is ticked, and the longest bar."""
        ticked = set(self["negative"].value() or [])
        longest = max(self.counts.values(), default=1)
        return [
            {"value": value, "n": n, "is_ticked": value in ticked, "longest": longest}
            for value, n in in_order(self.counts)
        ]


def preview(source: Import, n: int = 5) -> dict[str, Any]:
    """Give the first rows as a table of short cells."""
    columns = list(source.columns)[:30]
    rows = staging.first_records(source, n)
    from_rows = [dict(leaves(row)) for row in rows]
    cells = [[short(row.get(column)) for column in columns] for row in from_rows]
    return {"columns": columns, "rows": cells, "n_hidden": len(source.columns) - len(columns)}


def short(value: Any, limit: int = 80) -> str:
    text = "" if value is None else value if isinstance(value, str) else as_json(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
