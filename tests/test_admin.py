"""The Django admin: every model is there, and what people said cannot be edited."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client

from labeling.models import Label
from projects.models import User

OURS = ("projects", "feedback", "labeling", "release")


@pytest.fixture
def root_client(db):
    user = User.objects.create_superuser("root", password="a long password for tests")
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def our_models():
    return [model for label in OURS for model in apps.get_app_config(label).get_models()]


def test_every_model_is_in_the_admin():
    missing = [model.__name__ for model in our_models() if not admin.site.is_registered(model)]
    assert missing == []


@pytest.mark.parametrize("model", our_models(), ids=lambda model: model.__name__)
def test_every_list_and_row_opens(root_client, labelled_audit, model):
    meta = model._meta
    address = f"/admin/{meta.app_label}/{meta.model_name}/"
    assert root_client.get(address).status_code == 200
    row = model.objects.first()
    if row:
        assert root_client.get(f"{address}{row.pk}/change/").status_code == 200


def test_a_label_cannot_be_changed_or_deleted_there(root_client, labelled_audit):
    label = Label.objects.first()
    address = f"/admin/labeling/label/{label.pk}/"
    assert root_client.post(f"{address}change/", {"note": "changed"}).status_code == 403
    assert root_client.post(f"{address}delete/", {"post": "yes"}).status_code == 403


def test_a_codebook_in_use_is_frozen_there(root_client, labelled_audit):
    codebook = labelled_audit.codebook
    address = f"/admin/labeling/codebook/{codebook.pk}/change/"
    assert root_client.post(address, {"name": "default", "version": 9}).status_code == 403


def test_a_project_role_opens_no_admin_page(adam_client):
    assert adam_client.get("/admin/").status_code == 302
