"""The map from action to key: checked, stored per person, and whole whatever was stored."""

import pytest

from labeling.desk_keys import ACTIONS, DEFAULTS, keys_of, store_keys
from labeling.models import DeskKeys
from projects.errors import InputError


def test_everybody_starts_with_the_same_keys(ana):
    keys = keys_of(ana)
    assert keys["correct"] == "c"
    assert keys.letters_on
    assert [key for key, _ in keys.described] == [action.default for action in ACTIONS]


def test_the_usual_keys_do_not_collide():
    assert len(set(DEFAULTS.values())) == len(ACTIONS)


def test_a_stored_key_is_this_persons_alone(ana, ben):
    store_keys(user=ana, keys={**DEFAULTS, "correct": "M"}, letters_on=True)
    assert keys_of(ana)["correct"] == "m"
    assert keys_of(ben)["correct"] == "c"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"skip": "u"}, "“u” is given twice: for “skip this unit” and for “undo the last"),
        ({"skip": "6"}, "“6” chooses a failure mode"),
        ({"skip": ""}, "Skip this unit: expected one key that types a character, got “”"),
        ({"skip": "é"}, "expected one key that types a character, got “é”"),
        ({"skip": " "}, "expected one key that types a character"),
        ({"skip": "xy"}, "expected one key that types a character, got “xy”"),
    ],
)
def test_a_wrong_key_is_refused_with_one_sentence(ana, changed, sentence):
    with pytest.raises(InputError) as refused:
        store_keys(user=ana, keys={**DEFAULTS, **changed}, letters_on=True)
    assert sentence in str(refused.value)
    assert not DeskKeys.objects.exists()


def test_a_key_of_a_mode_of_an_open_audit_is_refused(ana, make_open_audit):
    mode = make_open_audit(1).codebook.modes.first()
    mode.key = "m"
    mode.save(update_fields=["key"])
    with pytest.raises(InputError, match="“m” chooses a failure mode"):
        store_keys(user=ana, keys={**DEFAULTS, "skip": "m"}, letters_on=True)


def test_two_actions_may_swap_their_keys(ana):
    swapped = {**DEFAULTS, "correct": "x", "incorrect": "c"}
    store_keys(user=ana, keys=swapped, letters_on=False)
    keys = keys_of(ana)
    assert (keys["correct"], keys["incorrect"], keys.letters_on) == ("x", "c", False)


def test_an_action_younger_than_the_stored_map_has_its_own_key_unless_that_is_taken(ana):
    """As after an update that brings a new action."""
    old = {name: key for name, key in DEFAULTS.items() if name not in ("flag", "raw")}
    DeskKeys.objects.create(user=ana, keys={**old, "skip": "f", "gone": "z"})
    keys = keys_of(ana)
    assert (keys["skip"], keys["flag"], keys["raw"]) == ("f", "", "r")


def test_the_page_shows_saves_and_resets(ana_client, ana):
    assert 'name="flag" value="f"' in ana_client.get("/keys/").text
    saved = ana_client.post("/keys/", {**DEFAULTS, "flag": "b", "letters_on": "on"})
    assert (saved.status_code, saved.url) == (302, "/keys/")
    assert keys_of(ana)["flag"] == "b"
    refused = ana_client.post("/keys/", {**DEFAULTS, "flag": "c"})
    assert refused.status_code == 422
    assert "given twice" in refused.text
    ana_client.post("/keys/", {"reset": "1"})
    assert keys_of(ana)["flag"] == "f"


def test_the_desk_carries_the_persons_own_keys(ana_client, ana, make_open_audit, at_desk):
    store_keys(user=ana, keys={**DEFAULTS, "cannot_tell": "m"}, letters_on=False)
    page = at_desk(ana_client, make_open_audit(1), htmx=False).get().text
    assert 'value="cannot_tell" data-key="m"' in page
    assert 'data-letters="off"' in page


def test_a_key_that_a_later_codebook_gave_to_a_mode_is_told_on_both_pages(
    ana_client, ana, make_open_audit, at_desk
):
    store_keys(user=ana, keys={**DEFAULTS, "skip": "b"}, letters_on=True)
    audit = make_open_audit(1)
    assert "A codebook has given" not in ana_client.get("/keys/").text
    audit.codebook.modes.filter(code="latency").update(key="b")
    told = "A codebook has given <kbd>b</kbd> to a failure mode since you chose it for “skip this"
    assert told in ana_client.get("/keys/").text
    desk = at_desk(ana_client, audit, htmx=False).get().text
    assert "<dd>skip this unit; <b>in the second step “Too slow”</b>: take another key</dd>" in desk
    assert desk.count("take another key") == 1
