"""The pages of judges as a lead meets them, in Chromium."""

import pytest
from playwright.sync_api import expect

from labeling.judges import Judgement, record_judgements, register_judge
from tests.browser.looks import flaws

pytestmark = pytest.mark.browser
PAGE = "/audits/november/judges/"


@pytest.fixture
def judged_audit(transactional_db, labelled_audit):
    """Two versions of a model, one with a very long name, and a rubric, on all ten outputs."""
    project = labelled_audit.project
    modes = {mode.code: mode for mode in labelled_audit.codebook.modes.all()}
    for kind, version in (("model", "v" * 110), ("model", "2"), ("rubric", "rubric+00")):
        judge = register_judge(
            project, kind=kind, name=kind * 12, version=version, recipe="PROMPT " * 200
        )
        said = [
            Judgement(output_id=pk, correctness="incorrect", mode=modes["hallucination"])
            for pk in project.outputs.values_list("pk", flat=True)
        ]
        record_judgements(judge, said)
    return labelled_audit


def test_axe_finds_nothing_and_nothing_is_too_wide(page, lea, judged_audit, enter):
    enter(page, lea, "/audits/november/")
    page.get_by_role("link", name="Judges").click()
    expect(page.get_by_text("Agreement among models")).to_be_visible()
    assert flaws(page) == []
    page.get_by_role("row").nth(1).get_by_role("link").click()
    page.get_by_text("The whole prompt").click()
    expect(page.locator(".recipe")).to_be_visible()
    assert flaws(page) == []
