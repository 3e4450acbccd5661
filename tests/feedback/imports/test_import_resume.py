"""An import that was interrupted goes on where it stopped, to the same end."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from feedback import ingest, staging
from feedback.models import Feedback, Import, Output, RejectedRow


@pytest.fixture
def staged(project, write):
    """An import of 50 rows, some rejected, some duplicate, that stands before its first batch."""

    def staged():
        rows = [
            {"id": str(n % 40), "prompt": "p", "response": f"r{n % 40}", "rating": "up"}
            for n in range(50)
        ]
        rows[7]["response"] = rows[33]["response"] = ""
        with write(rows).open("rb") as file:
            source = staging.stage(file, name="x.jsonl", project=project, created_by=None)
        source.mapping = {
            "id": "id",
            "prompt": "prompt",
            "response": "response",
            "rating": "rating",
        }
        source.save()
        ingest.start(source)
        return source

    return staged


def end_state(source):
    source.refresh_from_db()
    return (
        (source.status, source.n_new, source.n_duplicate, source.n_rejected),
        sorted(Output.objects.values_list("external_id", flat=True)),
        Feedback.objects.count(),
        list(RejectedRow.objects.values_list("line", flat=True)),
    )


def test_killed_in_any_batch_it_ends_as_if_it_had_not_been(staged, monkeypatch):
    source = staged()
    record_progress = ingest.record_progress
    for _ in range(20):  # each batch is tried once, killed just before its commit, then done

        def killed(*arguments):
            record_progress(*arguments)
            raise KeyboardInterrupt

        monkeypatch.setattr(ingest, "record_progress", killed)
        source = Import.objects.get(pk=source.pk)
        if source.status != Import.Status.RUNNING:
            break
        before = end_state(source)
        with pytest.raises(KeyboardInterrupt):
            ingest.take_in(source, max_seconds=0, max_rows=7)
        assert end_state(source) == before
        monkeypatch.setattr(ingest, "record_progress", record_progress)
        ingest.take_in(Import.objects.get(pk=source.pk), max_seconds=0, max_rows=7)
    state, names, n_feedback, rejected = end_state(source)
    assert state == ("done", 39, 9, 2)
    assert (len(names), n_feedback, rejected) == (39, 39, [8, 34])


def test_batches_of_any_size_end_alike(staged):
    source = ingest.take_in(staged(), max_seconds=60, max_rows=1000)
    state = end_state(source)
    for model in (RejectedRow, Feedback):
        model.objects.all().delete()
    Output.objects.all().update(source=None)
    assert state[0] == ("done", 39, 9, 2)
    again = ingest.take_in(staged(), max_seconds=60, max_rows=3)
    assert end_state(again)[3] == [8, 34]


def test_a_staged_file_that_is_gone_says_what_to_do(staged):
    source = staged()
    staging.discard(source)
    source = ingest.take_in(source, max_seconds=1)
    assert source.status == Import.Status.FAILED
    assert "import the file again" in source.problem


def test_a_staged_file_is_for_its_owner_alone(staged):
    assert staging.staged_path(staged()).stat().st_mode & 0o777 == 0o600


@pytest.mark.django_db(transaction=True)
def test_steps_in_the_same_instant_take_each_row_once(staged):
    source = staged()

    def step(_):
        try:
            for _ in range(10):
                ingest.take_in(Import.objects.get(pk=source.pk), max_seconds=0, max_rows=7)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(step, range(4)))
    state, names, n_feedback, rejected = end_state(source)
    assert state == ("done", 39, 9, 2)
    assert (len(names), n_feedback, rejected) == (39, 39, [8, 34])
