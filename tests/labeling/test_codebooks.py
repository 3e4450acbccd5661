"""What the default codebook says, and that a project keeps the one it has."""

import pytest

from labeling.codebooks import current_codebook, default_codebook, modes_with_examples, read_modes
from labeling.default_modes import DEFAULT_MODES
from labeling.models import Codebook, FailureMode, ModeExample


@pytest.mark.parametrize("mode", DEFAULT_MODES, ids=lambda mode: mode.code)
def test_each_mode_has_a_definition_and_two_examples_for_and_two_against(mode):
    assert mode.definition
    assert "xample" not in mode.definition
    assert (len(set(mode.cases)), len(set(mode.near_misses))) == (2, 2)


@pytest.mark.parametrize("mode", DEFAULT_MODES, ids=lambda mode: mode.code)
def test_an_example_against_a_mode_names_the_mode_it_is_instead(mode):
    others = [f"“{other.name}”" for other in DEFAULT_MODES if other != mode]
    for text in mode.near_misses:
        assert sum(other in text for other in others) == 1, text
    assert not [text for text in mode.cases if any(other in text for other in others)]


def test_a_new_project_gets_the_modes_with_their_examples(project):
    codebook = default_codebook(project)
    assert read_modes(codebook) == DEFAULT_MODES
    assert default_codebook(project) == codebook
    assert ModeExample.objects.count() == 4 * len(DEFAULT_MODES)


def test_a_project_keeps_the_version_it_has(project):
    """An installation from before the examples has a `default v1` without any."""
    old = Codebook.objects.create(project=project, name="default")
    FailureMode.objects.create(codebook=old, code="rude", name="Rude", position=1)
    assert current_codebook(project) == default_codebook(project) == old
    assert [mode.code for mode in read_modes(old)] == ["rude"]
    assert not ModeExample.objects.exists()


def test_a_codebook_is_read_in_two_queries(project, django_assert_num_queries):
    codebook = default_codebook(project)
    with django_assert_num_queries(2):
        texts = [e.text for mode in modes_with_examples(codebook) for e in mode.examples.all()]
    assert len(texts) == 28
