"""The hostile files of the shared corpus; each ends as its expectation says, on both databases."""

import importlib.util
import json

import pytest
from django.core.management import CommandError

from projects.models import Project

FLAGS = ["--map", "domain=category", "--map", "channel=:rating", "--map", "scale=:1..5"]
DEVIATIONS = {
    "I053": "domains are free text: an unknown one is a value, an empty one is no value",
    "I069": "Parquet is no import format: refused by its first bytes",
    "I071": "Parquet is no import format: refused by its first bytes",
}
SLOW = {"I059", "I061", "I063"}
"""A million rows, 50,000 rows, a bomb of 268 MB: driven by hand, not in the suite."""


def materialize(shared_dir):
    path = shared_dir / "corpus" / "tools" / "materialize.py"
    spec = importlib.util.spec_from_file_location("materialize", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def attempt(run, path, into):
    """Give the result of an import, or the sentence that refused it."""
    for mapping in (FLAGS, FLAGS[2:]):
        try:
            return run(path, *mapping, "--negative", "<=2", into=into), ""
        except CommandError as error:
            sentence = str(error)
        if "domain: expected a column" not in sentence:
            break
    return None, sentence


def agrees(expectation, result):
    """Say whether an outcome is one that the corpus allows."""
    verdict, n_bad = expectation["verdict"], expectation.get("rows_bad")
    if result is None:  # a file of which every row is bad is refused as a whole
        all_bad = verdict.startswith("reject_rows") and not expectation.get("rows_ok")
        return all_bad or "file" in verdict or "limit" in verdict
    if verdict == "reject_file":
        return False
    if verdict.startswith("accept"):
        return result["n_rejected"] == 0 and result["n_new"] >= expectation.get("rows_ok", 0)
    if verdict == "reject_rows" and n_bad is not None:
        return result["n_rejected"] == n_bad
    return result["n_rejected"] > 0 or ("warn" in verdict and bool(result["remarks"]))


@pytest.mark.slow
@pytest.mark.data
def test_every_hostile_file_ends_as_expected(shared_dir, run, write, uploads, db):
    tool = materialize(shared_dir)
    disagreements = []
    for line in (shared_dir / "corpus" / "imports.jsonl").open():
        case = json.loads(line)
        if case["id"] in SLOW or case["id"] in DEVIATIONS:
            continue
        after = "i001" if case["expectation"].get("after") else case["id"].lower()
        Project.objects.get_or_create(slug=after, defaults={"name": after})
        content = tool.data(case["payload"]["content"])
        result, sentence = attempt(run, write(content), after)
        outcome = result and {name: result[name] for name in ("n_new", "n_rejected", "rejected")}
        if "\n" in sentence or not agrees(case["expectation"], result):
            disagreements.append((case["id"], case["expectation"], outcome, sentence))
        assert not list(uploads.iterdir())
    assert disagreements == []
