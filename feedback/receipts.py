"""What an import did: the figures of its receipt, all counted from the rows."""

import unicodedata
from typing import Any

from feedback import staging
from feedback.cleaning import shown
from feedback.models import Feedback, Import
from feedback.polarity import Polarity, in_order, remark

MAX_LISTED = 100
LOOK_ALIKES = str.maketrans("аеорсухіΑΒΕΟΡαορ", "aeopcyxiABEOPaop")
"""Cyrillic and Greek letters that look Latin."""


def receipt(source: Import) -> dict[str, Any]:
    """The result as `import_feedback --json` prints it."""
    feedback = Feedback.objects.filter(source=source)
    rejected = source.rejected.all()[:MAX_LISTED]
    return {
        "project": source.project.slug,
        "file": source.file_name,
        "sha256": source.sha256,
        "n_rows": source.n_records,
        "n_new": source.n_new,
        "n_duplicate": source.n_duplicate,
        "n_rejected": source.n_rejected,
        "n_outputs": source.outputs.count(),
        "n_feedback": feedback.count(),
        "n_negative": feedback.filter(is_negative=True).count(),
        "rejected": [{"line": row.line, "reason": row.reason} for row in rejected],
        "histogram": dict(in_order(rating_counts(source))),
        "remarks": remarks(source),
    }


def rating_counts(source: Import) -> dict[str, int]:
    return staging.histogram(source, source.mapping.get("rating", ""))


def remarks(source: Import) -> list[str]:
    """Say what a person should know about the result, one sentence each."""
    said = mapping_remarks(source)
    if "rating" in source.mapping:
        polarity = Polarity.from_list(source.negative_values)
        said.append(remark(polarity, rating_counts(source)))
    return [sentence for sentence in said if sentence]


def mapping_remarks(source: Import) -> list[str]:
    """Say what is worth a second look in the mapping."""
    mapping = source.mapping
    said = []
    if "id" not in mapping:
        said.append("No column is the id: an output is known by the SHA-256 of its text.")
    if "rating" not in mapping:
        said.append("No column is the rating: these are outputs without feedback.")
    if "latency" in source.columns and not mapping.keys() & {"latency_ms", "latency_s"}:
        said.append("The unit of the column latency is not known: map latency_ms or latency_s.")
    for field in ("domain", "id", "rating"):
        said += near_duplicates(source, field)
    column = source.columns.get(mapping.get("domain", ""))
    if column and column["values"] is None:
        said.append(
            f"The domain ({mapping['domain']}) has more than {staging.MAX_DIFFERENT} different "
            "values, or long ones: is it the right column?"
        )
    return said


def near_duplicates(source: Import, field: str) -> list[str]:
    """Name values that differ only in case, blanks, width, hidden characters or look-alikes."""
    groups: dict[str, list[str]] = {}
    for value in sorted(staging.histogram(source, source.mapping.get(field, ""))):
        groups.setdefault(folded(value), []).append(value)
    alike = [values for values in groups.values() if len(values) > 1]
    return [
        f"{field}: {', '.join(ascii(value) for value in values[:6])} look alike "
        "and are kept as different values."
        for values in alike[:5]
    ]


def folded(value: str) -> str:
    plain = unicodedata.normalize("NFKC", value).translate(LOOK_ALIKES)
    visible = (c for c in plain if unicodedata.category(c) != "Cf" and not c.isspace())
    return "".join(visible).casefold()


def in_words(result: dict[str, Any]) -> str:
    """The result for a terminal."""
    lines = [
        f"{result['file']} into {result['project']}: {result['n_rows']:,} rows, "
        f"{result['n_new']:,} new, {result['n_duplicate']:,} duplicate, "
        f"{result['n_rejected']:,} rejected.",
        f"Stored: {result['n_outputs']:,} outputs, {result['n_feedback']:,} feedback, "
        f"{result['n_negative']:,} of it negative.",
    ]
    if result["histogram"]:
        counts = ", ".join(f"{shown(v)} {n:,}" for v, n in list(result["histogram"].items())[:20])
        lines.append(f"Ratings in the file: {counts}.")
    lines += result["remarks"]
    lines += [f"  line {row['line']}: {row['reason']}" for row in result["rejected"][:10]]
    if result["n_rejected"] > 10:
        lines.append(
            f"  ... and {result['n_rejected'] - 10:,} more rejected rows (--json lists 100)."
        )
    return "\n".join(lines)
