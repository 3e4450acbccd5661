"""Flags: a short thread between one grader and the lead that nobody else ever sees."""

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.template.loader import render_to_string

from labeling import flags, workflow
from labeling.models import Flag, FlagMessage, Label, Skip
from labeling.workflow import coder_of
from projects.errors import InputError
from projects.models import User
from tests.labeling.test_seats import at_once
from tests.sampled import expire

ASKED = "FLAG-OF-ANA: is the policy of 2019 meant?"
ANSWERED = "ANSWER-TO-ANA: the one of 2021."


@pytest.fixture
def audit(make_open_audit):
    User.objects.update(first_name="Lisbeth", last_name="Arden")
    return make_open_audit(3)


@pytest.fixture
def token(ana_desk):
    return ana_desk.open()


@pytest.fixture
def unit(audit, token):
    return audit.units.get(token=token)


@pytest.fixture
def send(ana_desk, token):
    def send(text=ASKED, **fields):
        return ana_desk.post(f"units/{token}/flag/", {"text": text, **fields})

    return send


@pytest.fixture
def flag(send):
    send()
    return Flag.objects.get()


@pytest.fixture
def answer(lea_client, audit, flag):
    def answer(text=ANSWERED, *, button="reply"):
        return lea_client.post(f"/audits/w34/flags/{flag.pk}/", {"text": text, button: "1"})

    return answer


def texts():
    return [message.text for message in FlagMessage.objects.order_by("pk")]


# The grader


def test_a_flag_answers_with_the_thread_and_neither_skips_nor_labels(send, ana_desk, token):
    page = send()
    assert page.status_code == 200
    assert '<div id="flag-thread">' in page.text
    assert "<html" not in page.text
    assert page.headers["X-Desk"] == "unit"  # a proxy's page does not carry it
    assert ASKED in page.text
    assert "<b>You</b>" in page.text
    assert (Label.objects.count(), Skip.objects.count()) == (0, 0)
    assert ana_desk.open() == token


def test_a_plain_form_goes_back_to_the_unit_or_stays_on_the_threads_page(
    ana_client, audit, token, at_desk
):
    plain = at_desk(ana_client, audit, htmx=False)
    unit = plain.url(f"units/{token}/")
    assert plain.post(f"units/{token}/flag/", {"text": "one"}).url == unit
    stayed = plain.post(f"units/{token}/flag/", {"text": "two", "on_page": "1"})
    assert stayed.url == f"{unit}flag/"
    page = ana_client.get(stayed.url).text
    assert "It closed 0 weeks ago." in page
    assert page.index("one") < page.index("two")


def test_a_second_text_goes_on_in_the_same_thread(send):
    send("one")
    page = send("two").text
    assert page.index(">one<") < page.index(">two<")
    assert Flag.objects.count() == 1


def test_a_double_click_is_one_message(send):
    send()
    send()
    assert texts() == [ASKED]


@pytest.mark.django_db(transaction=True)
def test_eight_sends_at_once_are_one_message_of_one_flag(unit, ana):
    coder = coder_of(unit.audit.project, ana)
    at_once([lambda: flags.raise_flag(unit=unit, coder=coder, user=ana, text="x").pk] * 8)
    assert (Flag.objects.count(), texts()) == (1, ["x"])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Write what you want to say first."),
        (" \r\n\t", "Write what you want to say first."),
        ("a\0b", "The text holds a NUL character"),
        ("x" * 2001, "A message has at most 2,000 characters, this one 2,001."),
    ],
)
def test_what_cannot_be_sent_is_refused_in_one_sentence(
    send, ana_client, audit, token, text, sentence
):
    for headers in ({"HX-Request": "true"}, {}):
        page = ana_client.post(f"/audits/w34/units/{token}/flag/", {"text": text}, headers=headers)
        assert page.status_code == 422
        assert page.text.count('class="field-error"') == 1
        assert sentence in page.text
    assert not Flag.objects.exists()


def test_a_refused_text_is_still_there_to_shorten(send):
    assert "x" * 2001 in send("x" * 2001).text


def test_two_thousand_characters_with_a_browsers_line_ends_are_taken(send):
    assert send("x\r\n" * 1000).status_code == 200
    assert len(texts()[0]) == 1999


def test_markup_in_a_message_is_shown_as_typed(send, lea_client):
    assert "&lt;img src=x&gt;" in send("<img src=x>").text
    assert "<img" not in lea_client.get("/audits/w34/flags/").text


def test_only_a_unit_of_ones_own_can_be_flagged(ana_desk, audit, ben_client, token, elsewhere):
    """One that nobody gave to the grader does not exist, as for people of another project."""
    unseen = audit.units.exclude(token=token).last()
    for client, name in (
        (ana_desk.client, unseen.token),
        (ben_client, token),
        (elsewhere[1], token),
    ):
        url = f"/audits/w34/units/{name}/flag/"
        assert client.get(url).status_code == 404
        assert client.post(url, {"text": "let me in"}).status_code == 404
    assert not Flag.objects.exists()


@pytest.mark.parametrize("done", ["verdict", "label", "skip"])
def test_a_unit_that_was_judged_or_skipped_can_be_flagged_still(ana_desk, audit, token, send, done):
    if done != "skip":
        ana_desk.verdict(token, "correct")
    if done == "label":
        ana_desk.label(token, "latency")
    if done == "skip":
        ana_desk.skip(token)
    expire(audit)
    assert send().status_code == 200


def test_after_a_skip_a_plain_form_leads_to_the_threads_page(ana_client, ana_desk, token, at_desk):
    ana_desk.skip(token)
    plain = at_desk(ana_client, ana_desk.audit, htmx=False)
    sent = plain.post(f"units/{token}/flag/", {"text": "why"})
    page = ana_client.get(sent.url)
    assert page.status_code == 200
    assert "Open the unit" not in page.text


def test_a_closed_audits_thread_can_be_read_and_gone_on_with(send, audit, ana_client, token):
    send("one")
    workflow.close_audit(audit)
    assert send("two").status_code == 200
    assert "Open the unit" not in ana_client.get(f"/audits/w34/units/{token}/flag/").text


# Nobody else


def test_other_graders_on_the_unit_never_see_it(
    flag, answer, audit, ana_client, ben_client, ben, token, at_desk
):
    """Every page that ben can open, in every step, of a unit that both have."""
    answer()
    ben_desk = at_desk(ben_client, audit)
    pages = [ben_desk.get()]
    assert ben_desk.open() == token
    pages += [ben_desk.get(f"units/{token}/"), ben_desk.verdict(token, "correct")]
    pages += [ben_desk.get(f"units/{token}/flag/"), ben_client.get(f"/audits/w34/units/{token}/")]
    pages += [ben_desk.post(f"units/{token}/flag/", {"text": "FLAG-OF-BEN"})]
    pages += [ben_desk.label(token, "latency"), ben_client.get(f"/audits/w34/units/{token}/flag/")]
    pages += [ben_client.get(path) for path in ("/", "/my-work/", "/audits/w34/mine/")]
    pages += [ben_client.get("/audits/w34/flags/"), ben_client.get(f"/audits/w34/flags/{flag.pk}/")]
    for page in pages:
        assert b"-ANA" not in page.content, page.request["PATH_INFO"]
    assert [page.status_code for page in pages[-2:]] == [404, 404]
    assert Flag.objects.count() == 2
    own = ana_client.get(f"/audits/w34/units/{token}/flag/").text
    assert "FLAG-OF-BEN" not in own
    assert ANSWERED in own


def test_researchers_do_not_read_flags(flag, rey_client):
    assert rey_client.get("/audits/w34/flags/").status_code == 404
    page = rey_client.get("/audits/w34/")
    assert page.context["n_flags"] is None
    assert b"-ANA" not in page.content


# The lead


def test_the_lead_sees_the_output_the_pseudonym_and_the_thread(flag, lea_client, ana):
    page = lea_client.get("/audits/w34/flags/")
    for shown in ("It closed 0 weeks ago.", ASKED, flag.coder.name, "1 open"):
        assert shown in page.text
    main = page.text.partition("<main")[2]
    for hidden in ("Lisbeth", "Arden", ">ana<"):
        assert hidden not in main


def test_the_lead_meets_the_output_first_with_long_turns_folded(flag, lea_client, unit):
    """A long conversation filled the pane, and the output in question was under its end."""
    content = unit.output.content
    question = {"role": "user", "content": "And for shoes?"}
    content.conversation = [{"role": "system", "content": "You are a shop. " * 99}, question]
    content.save()
    shown = lea_client.get("/audits/w34/flags/").context["shown"]
    assert [turn["role"] for turn in shown["earlier"]] == ["system"]
    assert shown["turns"] == [question]
    content.conversation = [question, {"role": "user", "content": "word " * 400}]
    content.save()
    shown = lea_client.get("/audits/w34/flags/").context["shown"]
    assert (len(shown["earlier"]), shown["turns"]) == (2, [])


def test_the_lead_of_another_project_sees_none_of_it(flag, adam_client, elsewhere, make_open_audit):
    project, _ = elsewhere
    other = make_open_audit(1, slug="other", in_project=project)
    assert adam_client.get(f"/audits/{other.slug}/flags/{flag.pk}/").status_code == 404


def test_an_answer_reaches_the_grader_signed_lead_and_the_flag_stays_open(
    answer, ana_client, token, flag
):
    assert answer().url == "/audits/w34/flags/"
    page = ana_client.get(f"/audits/w34/units/{token}/flag/").text
    assert ANSWERED in page
    assert "<b>Lead</b>" in page
    assert "lea" not in page.partition("<main")[2].replace("lead", "")
    flag.refresh_from_db()
    assert flag.resolved_at is None


def test_a_resolved_flag_names_who_and_opens_again_when_the_grader_writes(answer, flag, lea, send):
    answer(button="resolve")
    flag.refresh_from_db()
    assert flag.resolved_by == lea
    send("And before 2019?")
    flag.refresh_from_db()
    assert (flag.resolved_at, flag.resolved_by) == (None, None)


def test_a_late_double_click_does_not_open_a_resolved_flag(flag, lea, ana, unit):
    flags.reply(flag=flag, lead=lea, text="ok", resolve=True)
    Flag.objects.filter(pk=flag.pk).update(resolved_at=Now())
    FlagMessage.objects.exclude(text=ASKED).delete()
    flags.raise_flag(unit=unit, coder=flag.coder, user=ana, text=ASKED)
    flag.refresh_from_db()
    assert flag.resolved_at is not None


def test_an_empty_reply_is_refused_and_resolves_nothing(answer, flag):
    page = answer("  ", button="resolve")
    assert page.status_code == 422
    assert "Write what you want to say first." in page.text
    flag.refresh_from_db()
    assert flag.resolved_at is None


def test_the_longest_unanswered_flag_comes_first_then_the_answered_then_the_resolved(
    lea_client, lea, audit, flag, ben_client, at_desk, answer
):
    ben_desk = at_desk(ben_client, audit)
    ben_desk.post(f"units/{ben_desk.open()}/flag/", {"text": "FLAG-OF-BEN"})
    bens = Flag.objects.latest("pk")
    assert lea_client.get("/audits/w34/flags/").context["flag"] == flag
    answer()
    page = lea_client.get("/audits/w34/flags/")
    assert page.context["flag"] == bens
    assert list(page.context["open_flags"]) == [bens, flag]
    flags.reply(flag=bens, lead=lea, text="Yes.", resolve=True)
    page = lea_client.get("/audits/w34/flags/")
    assert page.context["flag"] == flag
    assert list(page.context["resolved_flags"]) == [bens]


def test_open_flags_are_counted_on_the_audits_page_and_at_home(lea_client, flag, answer):
    for path in ("/", "/audits/w34/"):
        assert "Answer 1 flag<" in lea_client.get(path).text
    answer(button="resolve")
    for path in ("/", "/audits/w34/"):
        assert "Answer 1 flag" not in lea_client.get(path).text


def test_the_lead_is_warned_while_the_coder_judges_blind(flag, lea_client, ana_desk, token, audit):
    warning = "This coder has not locked the verdict yet."
    url = f"/audits/w34/flags/{flag.pk}/"
    assert warning in lea_client.get(url).text
    ana_desk.verdict(token, "correct")
    assert warning not in lea_client.get(url).text


def test_an_open_audit_that_is_not_blind_needs_no_warning(flag, lea_client, audit):
    audit.is_blind = False
    audit.save(update_fields=["is_blind"])
    assert "has not locked" not in lea_client.get(f"/audits/w34/flags/{flag.pk}/").text


def test_the_users_rating_is_not_on_the_page_where_the_lead_replies(
    make_open_audit, ana_client, lea_client, at_desk
):
    audit = make_open_audit(1, slug="marked")
    audit.units.get().output.feedback.update(comment="COMMENT-MARK", reason="REASON-MARK")
    desk = at_desk(ana_client, audit)
    desk.post(f"units/{desk.open()}/flag/", {"text": ASKED})
    page = lea_client.get("/audits/marked/flags/").text
    for hidden in ("COMMENT-MARK", "REASON-MARK", "STRATUM-MARK"):
        assert hidden not in page


def test_no_flag_says_so(lea_client, audit):
    assert "No open flag." in lea_client.get("/audits/w34/flags/").text


# Beneath


def test_the_database_refuses_a_second_flag_and_an_empty_message(flag, ana):
    with pytest.raises(IntegrityError), transaction.atomic():
        Flag.objects.create(unit=flag.unit, coder=flag.coder)
    with pytest.raises(IntegrityError), transaction.atomic():
        FlagMessage.objects.create(flag=flag, author=ana, text="")


def test_a_lead_who_grades_and_flags_reads_the_own_words_as_own(audit, lea):
    coder = coder_of(audit.project, lea)
    unit = audit.units.first()
    raised = flags.raise_flag(unit=unit, coder=coder, user=lea, text="mine")
    with pytest.raises(InputError, match="Write"):
        flags.reply(flag=raised, lead=lea, text="", resolve=True)
    assert [message.is_mine for message in flags.thread_of(unit, coder).messages] == [True]


def test_the_drawer_for_the_desk_holds_the_thread_and_a_form_of_its_own(flag, audit, token, rf):
    context = {
        "audit": audit,
        "unit_token": token,
        "flag_thread": flags.thread_of(flag.unit, flag.coder),
    }
    drawer = render_to_string("labeling/_flag.html", context, rf.get("/"))
    for part in ('id="flag"', "popover", 'id="flag-thread"', 'name="text"', "neither skips", ASKED):
        assert part in drawer
    assert "on_page" not in drawer


# Read or not


ANSWER = "Answer to your flag"


def test_an_answer_is_announced_until_it_is_read(ana_client, lea_client, audit, at_desk):
    desk = at_desk(ana_client, audit)
    token = desk.open()
    desk.post(f"units/{token}/flag/", {"text": "Is this ours?"})
    assert ANSWER not in desk.get().text
    flag = Flag.objects.get()
    lea_client.post(f"/audits/{audit.slug}/flags/{flag.pk}/", {"text": "Yes.", "resolve": "1"})
    link = f"/audits/{audit.slug}/units/{token}/flag/"
    desk.verdict(token, "correct")
    for page in (desk.get(), desk.label(token, "latency")):
        assert f'href="{link}">{ANSWER}</a>' in page.text
    assert "new answer" in ana_client.get("/my-work/").text
    assert "1 new answer to your flags" in ana_client.get("/").text
    ana_client.get(link)
    assert ANSWER not in desk.get().text
    assert "new answer" not in ana_client.get("/my-work/").text + ana_client.get("/").text
    assert "resolved" in ana_client.get("/my-work/").text


def test_a_second_answer_is_new_again(ana_client, lea_client, audit, at_desk):
    desk = at_desk(ana_client, audit)
    token = desk.open()
    for word in ("One", "Two"):
        desk.post(f"units/{token}/flag/", {"text": f"{word}?"})
        flag = Flag.objects.get()
        lea_client.post(f"/audits/{audit.slug}/flags/{flag.pk}/", {"text": word, "reply": "1"})
        assert ANSWER in desk.get().text
        ana_client.get(f"/audits/{audit.slug}/units/{token}/flag/")
        assert ANSWER not in desk.get().text
    assert ">answered<" in ana_client.get("/my-work/").text


def test_reading_is_ones_own(ana_client, ben_client, lea_client, audit, at_desk):
    """The lead who opens the thread, and another grader of the unit, read nothing for ana."""
    desk, ben = at_desk(ana_client, audit), at_desk(ben_client, audit)
    token = desk.open()
    assert ben.open() == token
    desk.post(f"units/{token}/flag/", {"text": "Is this ours?"})
    url = f"/audits/{audit.slug}/flags/{Flag.objects.get().pk}/"
    lea_client.post(url, {"text": "Yes.", "reply": "1"})
    lea_client.get(url)
    ben_client.get(f"/audits/{audit.slug}/units/{token}/flag/")
    assert ANSWER not in ben.get().text
    assert ANSWER in desk.get().text
