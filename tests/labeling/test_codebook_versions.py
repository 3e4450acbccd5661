"""Versions of a codebook: what a version may hold, labels under two of them, and what changed."""

import uuid
from dataclasses import replace

import pytest

from labeling import workflow
from labeling.codebook_diff import diff, moved_codes, word_diff
from labeling.codebook_versions import (
    adopt,
    fingerprint,
    in_order,
    mode_names,
    n_labels_by_code,
    next_version,
)
from labeling.codebooks import default_codebook, read_modes
from labeling.default_modes import DEFAULT_MODES, FORMATTING, LATENCY, REFUSAL, Mode
from labeling.disagreements import disputed_units, waiting_units
from labeling.judges import Judgement, record_judgements, register_judge
from labeling.models import Codebook, Label, ModeExample
from labeling.reports import build_report
from labeling.workflow import Judgment
from projects.errors import InputError
from projects.models import Project

RUDE = Mode(code="rude", name="Rude", needs="correct", key="8", position=8, definition="It sneers.")
SHORTER = replace(REFUSAL, definition="It declined although it should have answered.")


@pytest.fixture
def audit(make_open_audit):
    return make_open_audit(3, coders=3)


@pytest.fixture
def v1(audit):
    return audit.codebook


@pytest.fixture
def write(v1, lea):
    """The next version with these modes instead of those of the same code, and these besides."""

    def write(*changed, codebook=None, removed=(), note="Graders asked.", **more):
        new = {mode.code: mode for mode in changed}
        kept = [new.pop(mode.code, mode) for mode in DEFAULT_MODES if mode.code not in removed]
        modes = [*kept, *new.values()]
        return next_version(codebook or v1, modes, removed=set(removed), note=note, by=lea, **more)

    return write


@pytest.fixture
def give(project, audit):
    """A label through the workflow, under whatever version the audit has at that moment."""

    def give(person, number, code, correctness="correct", submission_id=""):
        audit.refresh_from_db()
        unit = audit.units.get(name=f"{audit.slug}-OUTPUT-{number}")
        coder = workflow.coder_of(project, person)
        workflow.record_verdict(unit=unit, coder=coder, correctness=correctness)
        judgment = Judgment(
            correctness=correctness, failure_mode=audit.codebook.modes.get(code=code)
        )
        return workflow.record_label(
            unit=unit,
            coder=coder,
            judgment=judgment,
            submission_id=submission_id or str(uuid.uuid4()),
        )

    return give


class TestTheNextVersion:
    def test_an_edit_of_a_used_codebook_makes_the_next_version(self, write, v1, lea, audit):
        made = write(SHORTER, RUDE, note=" Too long. ")
        assert (made.version, made.note, made.created_by) == (2, "Too long.", lea)
        assert read_modes(made) == (SHORTER, *DEFAULT_MODES[1:], RUDE)
        assert read_modes(v1) == DEFAULT_MODES
        audit.refresh_from_db()
        assert audit.codebook == v1, "an audit moves on only when a lead says so"

    def test_an_unused_newest_version_is_edited_in_place(self, write):
        made = write(RUDE)
        again = write(SHORTER, codebook=made, removed=("rude",), note="And shorter.")
        assert (again, Codebook.objects.count()) == (made, 2)
        assert read_modes(again) == (SHORTER, *DEFAULT_MODES[1:])
        again.refresh_from_db()
        assert again.note == "And shorter."
        assert ModeExample.objects.filter(mode__codebook=again).count() == 28

    def test_an_older_version_can_be_gone_back_to_without_touching_the_newest(self, write, v1):
        second = write(RUDE)
        third = write(SHORTER, codebook=v1)
        assert third.version == 3
        assert read_modes(second) == (*DEFAULT_MODES, RUDE)

    def test_a_version_is_frozen_by_its_labels_when_its_audit_has_moved_on(
        self, write, give, audit, v1, ana
    ):
        give(ana, 0, "latency")
        adopt(audit, write(RUDE))
        assert not v1.audits.exists()
        assert v1.is_frozen

    def test_a_version_is_frozen_by_what_a_judge_said_under_it(self, write, project, make_output):
        """It was emptied to be written anew, which its verdicts forbid: a server error."""
        made = write(RUDE)
        judge = register_judge(project, kind="model", name="m", version="1", recipe="PROMPT")
        said = Judgement(
            output_id=make_output("o").pk, correctness="correct", mode=made.modes.get(code="rude")
        )
        record_judgements(judge, [said])
        assert made.is_frozen
        assert write(SHORTER, RUDE, codebook=made).version == made.version + 1

    def test_positions_are_closed_up(self, write):
        made = write(replace(RUDE, position=40), removed=("hallucination",))
        assert [mode.position for mode in read_modes(made)] == [1, 2, 3, 4, 5, 6, 7]
        assert read_modes(made)[-1].code == "rude"

    def test_who_wrote_from_an_outdated_text_overwrites_nothing(self, write, v1):
        seen = fingerprint(v1)
        made = write(RUDE, seen=seen)
        with pytest.raises(InputError, match=r"Somebody changed this codebook.*default v2"):
            write(SHORTER, seen=seen)
        seen = fingerprint(made)
        write(SHORTER, codebook=made, removed=("rude",), seen=seen)
        with pytest.raises(InputError, match="Somebody changed"):
            write(RUDE, codebook=made, seen=seen)

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            ({"note": " \n"}, "Say what changed and why"),
            ({"changed": ()}, "Nothing was saved: these are the modes of default v1"),
            ({"changed": (replace(RUDE, code="Rude!"),)}, "expected small letters.*got 'Rude!'"),
            ({"changed": (replace(RUDE, code="cannot_tell"),)}, "no verdict; got 'cannot_tell'"),
            ({"changed": (replace(RUDE, name=" "),)}, "Mode rude needs a name"),
            ({"changed": (replace(RUDE, key="c"),)}, "Key of “Rude”.*got 'c'"),
            ({"changed": (replace(RUDE, key="?"),)}, "Key of “Rude”.*got '?'"),
            ({"changed": (replace(RUDE, key="10"),)}, "got '10'"),
            ({"changed": (replace(RUDE, key="7"),)}, "Two modes have the key 7"),
            ({"changed": (replace(RUDE, position=7),)}, "Two modes have the position 7"),
            ({"changed": (replace(RUDE, position=0),)}, "expected 1 or more, got 0"),
            ({"changed": (replace(RUDE, needs="cannot_tell"),)}, "got 'cannot_tell'"),
            (
                {"removed": ("refusal", "hallucination", "other_wrong")},
                "No mode goes with the verdict incorrect",
            ),
        ],
    )
    def test_what_graders_could_not_work_with_is_refused(self, write, v1, change, sentence):
        changed = change.pop("changed", (RUDE,))
        with pytest.raises(InputError, match=sentence):
            write(*changed, **change)
        assert list(Codebook.objects.all()) == [v1]

    def test_no_mode_and_two_of_one_code_are_refused(self, v1, lea):
        with pytest.raises(InputError, match="at least one mode"):
            next_version(v1, [], note="Why not", by=lea)
        twice = [*DEFAULT_MODES, replace(RUDE, code="refusal")]
        with pytest.raises(InputError, match="Two modes have the code refusal"):
            next_version(v1, twice, note="Why not", by=lea)

    def test_letters_that_are_free_at_the_desk_are_keys(self, write):
        assert read_modes(write(replace(RUDE, key="b")))[-1].key == "b"

    def test_a_mode_is_not_lost_by_leaving_it_out(self, v1, lea):
        with pytest.raises(InputError, match="“Refusal” is missing: keep it, or say"):
            next_version(v1, DEFAULT_MODES[1:], note="Shorter", by=lea)

    def test_the_codebook_of_an_imported_set_is_not_written_here(self, labelled_audit, lea):
        labelled_audit.kind = "imported"
        labelled_audit.save()
        with pytest.raises(InputError, match="lists the labels of an imported set"):
            next_version(labelled_audit.codebook, [RUDE], note="Mine", by=lea)


class TestAnAuditMovesOn:
    def test_to_a_later_version_and_its_labels_keep_theirs(self, write, give, audit, v1, ana):
        first = give(ana, 0, "latency")
        second_version = write(RUDE)
        adopt(audit, second_version)
        second = give(ana, 1, "rude")
        assert [label.codebook for label in (first, second)] == [v1, second_version]
        assert n_labels_by_code(v1) == {"latency": 1, "rude": 1}

    def test_only_forwards_and_only_within_its_codebook(self, write, audit, v1, project):
        second = write(RUDE)
        other = Codebook.objects.create(project=project, name="other", version=9)
        foreign = Project.objects.create(slug="foreign", name="Foreign")
        theirs = Codebook.objects.create(project=foreign, name="default", version=9)
        for wrong in (v1, other, theirs):
            with pytest.raises(InputError, match="Expected a later version of codebook default v1"):
                adopt(audit, wrong)
        adopt(audit, second)
        with pytest.raises(InputError, match="codebook default v2, got default v1"):
            adopt(audit, v1)

    def test_a_closed_audit_keeps_its_codebook(self, write, audit):
        second = write(RUDE)
        workflow.close_audit(audit)
        with pytest.raises(InputError, match="takes no more labels: its codebook stays"):
            adopt(audit, second)


class TestLabelsUnderTwoVersions:
    """Modes of two versions are one where their code is the same."""

    @pytest.fixture
    def moved(self, write, give, audit, ana, ben, chi):
        """Under v1 u0 is formatting twice, u1 too slow; v2 renames one and removes the other."""
        give(ana, 0, "formatting")
        give(ben, 0, "formatting")
        give(ana, 1, "latency")
        slow = replace(LATENCY, name="Slow")
        adopt(audit, write(slow, RUDE, removed=("formatting",)))
        give(ben, 1, "latency")
        audit.refresh_from_db()
        return audit

    def test_a_removed_mode_stays_in_the_report_by_its_older_name(self, moved):
        report = build_report(moved)
        shares = {mode.code: (mode.name, mode.share.value) for mode in report.shares}
        assert shares["formatting"] == ("Formatting", 0.5)
        assert shares["latency"] == ("Slow", 0.5)
        assert shares["rude"] == ("Rude", 0.0)
        assert report.agreement.alpha.value == 1.0

    def test_names_come_in_the_order_of_the_present_version(self, moved):
        assert list(mode_names(moved)) == [
            *(mode.code for mode in DEFAULT_MODES if mode != FORMATTING),
            "rude",
            "formatting",
        ]

    def test_a_removed_mode_that_nothing_says_is_gone(self, moved):
        Label.objects.filter(failure_mode__code="formatting").update(is_late=True)
        assert "formatting" not in mode_names(moved)

    def test_a_decision_keeps_a_removed_mode_in_the_report(self, moved, lea):
        Label.objects.filter(failure_mode__code="formatting").update(is_late=True)
        old = Codebook.objects.get(version=1).modes.get(code="formatting")
        moved.units.first().adjudications.create(
            decided_by=lea,
            correctness="correct",
            failure_mode=old,
            needed_verdict="correct",
            reason="As it was.",
        )
        assert mode_names(moved)["formatting"] == "Formatting"

    def test_the_same_mode_of_two_versions_is_no_disagreement(self, moved, give, ana, chi):
        """Counted by the row of the mode, ana's and ben's labels on u1 differed."""
        assert not disputed_units(moved).exists()
        give(chi, 1, "rude")
        assert vars(waiting_units(moved).get())["n_modes"] == 2

    def test_a_coder_who_revises_an_older_label_uses_the_present_version(self, moved, give, ana):
        revised = give(ana, 0, "rude")
        assert revised.codebook == moved.codebook
        old = Label.objects.filter(superseded_at__isnull=False).get()
        assert (old.category, old.codebook.version) == ("formatting", 1)

    def test_a_mode_of_the_older_version_is_refused(self, moved, project, chi):
        unit, coder = moved.units.get(name="w34-OUTPUT-2"), workflow.coder_of(project, chi)
        workflow.record_verdict(unit=unit, coder=coder, correctness="correct")
        old = Codebook.objects.get(version=1).modes.get(code="latency")
        judgment = Judgment(correctness="correct", failure_mode=old)
        with pytest.raises(InputError, match="expected modes of codebook default v2"):
            workflow.record_label(unit=unit, coder=coder, judgment=judgment, submission_id="s")

    def test_a_submission_that_is_sent_again_after_the_move_is_still_one_label(
        self, write, give, audit, ana
    ):
        first = give(ana, 0, "latency", submission_id="same")
        adopt(audit, write(RUDE))
        assert give(ana, 0, "latency", submission_id="same") == first
        with pytest.raises(InputError, match="used up by an earlier answer"):
            give(ana, 0, "rude", submission_id="same")


class TestDiff:
    def test_every_kind_of_change_is_told(self):
        renamed = replace(
            LATENCY, name="Slow", key="9", needs="", cases=(LATENCY.cases[0], "A new one.")
        )
        new = [SHORTER, *DEFAULT_MODES[1:3], renamed, *DEFAULT_MODES[5:], RUDE]
        changes = {change.mode.code: change for change in diff(DEFAULT_MODES, in_order(new))}
        kinds = {code: change.kind for code, change in changes.items() if change.kind != "same"}
        assert kinds == {
            "refusal": "changed",
            "latency": "changed",
            "rude": "added",
            "formatting": "removed",
        }
        slow = changes["latency"]
        assert [(fact.what, fact.old, fact.new) for fact in slow.facts] == [
            ("Name", "Too slow", "Slow"),
            ("Key", "4", "9"),
            ("Needed verdict", "correct", "any"),
        ]
        assert [(e.is_new, e.applies, e.text) for e in slow.examples] == [
            (False, True, LATENCY.cases[1]),
            (True, True, "A new one."),
        ]
        assert not slow.definition
        rude = changes["rude"]
        assert [(fact.what, fact.new) for fact in rude.facts] == [
            ("Key", "8"),
            ("Needed verdict", "correct"),
        ]
        assert [(run.kind, run.text) for run in rude.definition] == [("in", "It sneers.")]

    def test_words_that_stayed_went_and_came(self):
        found = word_diff("It declined, or only warned.", "It declined and only warned twice.")
        assert [(run.kind, run.text) for run in found] == [
            ("same", "It "),
            ("out", "declined, or "),
            ("in", "declined and "),
            ("same", "only "),
            ("out", "warned. "),
            ("in", "warned twice."),
        ]

    @pytest.mark.parametrize(
        ("old", "new"),
        [("", "new text"), ("old text", ""), ("a\n\nb  c", "a b\n- c"), ("x " * 900, "y x " * 700)],
    )
    def test_both_texts_can_be_read_out_of_it(self, old, new):
        found = word_diff(old, new)
        of_old = "".join(run.text for run in found if run.kind != "in")
        assert of_old.split() == old.split()
        of_new = "".join(run.text for run in found if run.kind != "out")
        assert of_new.split() == new.split()

    @pytest.mark.parametrize(
        ("old", "new", "moved"),
        [
            ("abc", "abc", ""),
            ("abc", "xabc", ""),
            ("abc", "bc", ""),
            ("abcd", "dabc", "d"),
            ("abcd", "bacd", "b"),
        ],
    )
    def test_a_mode_moves_only_among_those_that_stay(self, old, new, moved):
        assert moved_codes(list(old), list(new)) == {*moved}

    def test_a_move_is_told_with_both_places(self):
        last_first = in_order([replace(DEFAULT_MODES[-1], position=0), *DEFAULT_MODES[:-1]])
        told = [c for c in diff(DEFAULT_MODES, last_first) if c.kind != "same"]
        assert [(c.mode.code, c.facts[0].old, c.facts[0].new) for c in told] == [
            ("no_fault_found", "7", "1")
        ]

    def test_nothing_changed_between_a_version_and_itself(self, project):
        modes = read_modes(default_codebook(project))
        assert {change.kind for change in diff(modes, modes)} == {"same"}
