"""Planted units enter no figure, no queue and no count."""

import json
import re
from contextlib import suppress
from io import StringIO

import pytest
from django.core.management import call_command

from labeling import planting, workflow
from labeling.disagreements import disputed_units
from labeling.exports import export_labels
from labeling.models import Label
from tests.labeling.planting.conftest import coder_of, label_unit, work
from tests.sampled import add_unit

# In no figure


@pytest.fixture
def figures(tmp_path):
    """Everything that says something of an audit, as text."""

    def read(audit, reader):
        out = StringIO()
        call_command("audits", "--json", stdout=out)
        call_command("report", audit.slug, "--json", stdout=out)
        call_command("agreement", audit.slug, "--json", stdout=out)
        with suppress(SystemExit):  # the gate's exit code
            call_command("gate", "--project", audit.project.slug, "--json", stdout=out)
        base = f"/audits/{audit.slug}/"
        pages = [reader.get(base + path).text for path in ("", "report/", "agreement/", "exports/")]
        pages += [reader.get(path).text for path in ("/", "/projects/assistant/")]
        pages.append(reader.get(base + "report.json").text)
        files = []
        for kind in ("csv", "jsonl", "reliability"):
            path = tmp_path / kind
            export_labels(audit, kind=kind, out=path)
            files.append(path.read_text())
        return [out.getvalue(), *(re.sub(r'"csrf.*?>', "", page) for page in pages), *files]

    return read


@pytest.mark.slow
def test_no_planted_unit_enters_a_figure(ana, ben, lea_client, make_open_audit, make_gold, figures):
    audit = make_open_audit(4)
    add_unit(audit, 10, kind="sham")
    coders = [coder_of(ana, audit), coder_of(ben, audit)]
    for position, unit in enumerate(audit.units.all()):
        for coder in coders:
            label_unit(audit, unit, coder, "latency" if position % 2 else "formatting")
    golds = [make_gold(audit, number).unit for number in (101, 102, 103)]
    before = figures(audit, lea_client)
    for unit in golds[:2]:
        for coder, mode in zip(coders, ("latency", "unwelcome_but_correct"), strict=True):
            planting.planted_seat(unit, coder)
            label_unit(audit, unit, coder, mode)
    for coder in coders:
        repeat = planting.repeat_of(audit.units.filter(kind="sampled").first())
        planting.planted_seat(repeat, coder)
        label_unit(audit, repeat, coder, "unwelcome_but_correct")
    planting.planted_seat(golds[2], coders[0])
    workflow.skip_unit(unit=golds[2], coder=coders[0], reason="language")
    assert Label.objects.filter(unit__kind__in=("gold", "repeat")).count() == 6
    after = figures(audit, lea_client)
    assert [mask(text) for text in after] == [mask(text) for text in before]


def mask(text):
    return re.sub(r"\d\d:\d\d|\w{64}", "", text)


def test_planted_units_are_not_in_the_leads_queue_of_disagreements(
    ana, ben, make_open_audit, make_gold
):
    audit = make_open_audit(1)
    unit = make_gold(audit, 100).unit
    for person, mode in ((ana, "latency"), (ben, "formatting")):
        coder = coder_of(person, audit)
        planting.planted_seat(unit, coder)
        label_unit(audit, unit, coder, mode)
    assert not disputed_units(audit).exists()


def test_imported_labels_find_no_planted_unit(make_open_audit, make_gold, write_labels):
    audit = make_open_audit(1)
    gold = make_gold(audit, 100)
    path = write_labels([(gold.unit.name, "c1", "latency")])
    with pytest.raises(Exception, match="is not in the sample of 'w34'"):
        call_command("import_labels", audit.slug, str(path), stdout=StringIO())
    repeat = planting.repeat_of(audit.units.drawn().get())
    path = write_labels([(repeat.name, "c1", "latency")])
    call_command("import_labels", audit.slug, str(path), stdout=StringIO())
    assert Label.objects.get().unit == audit.units.drawn().get()


def test_planted_units_do_not_hold_up_the_end_of_an_audit(
    ana_client, lea_client, make_open_audit, make_gold, at_desk
):
    audit = make_open_audit(2, coders=1)
    unit = make_gold(audit, 100).unit
    desk = at_desk(ana_client, audit)
    work(desk)
    planting.planted_seat(unit, Label.objects.first().coder)
    assert "2 of 2 units have all their labels" in lea_client.get("/").text
    out = StringIO()
    call_command("audits", "--json", stdout=out)
    assert json.loads(out.getvalue())[0]["n_labelled"] == 2
