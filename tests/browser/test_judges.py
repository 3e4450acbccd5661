"""The pages of judges as a lead meets them, in Chromium."""

import pytest
from playwright.sync_api import expect

from labeling.judges import Judgement, record_judgements, register_judge
from tests.browser.test_look import SIZES, findings, set_size

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


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_too_wide(page, lea, judged_audit, enter, size, scheme):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    set_size(page, size)
    enter(page, lea, "/audits/november/")
    page.get_by_role("link", name="Judges").click()
    expect(page.get_by_text("Agreement among models")).to_be_visible()
    for _ in range(2):
        assert findings(page) == []
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
        if page.url.endswith(PAGE):
            page.get_by_role("row").nth(1).get_by_role("link").click()
            page.get_by_text("The whole prompt").click()
            expect(page.locator(".recipe")).to_be_visible()
