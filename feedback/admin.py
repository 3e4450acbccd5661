"""Everything users said, to look at: the rows are facts, so the admin pages are read-only."""

from django.contrib import admin

from feedback.models import Content, Feedback, Import, Output, RejectedRow
from projects.admin import ReadOnlyAdmin


@admin.register(Import)
class ImportAdmin(ReadOnlyAdmin):
    list_display = ["file_name", "project", "status", "n_new", "n_duplicate", "n_rejected"]
    list_filter = ["status", "project"]
    search_fields = ["file_name", "sha256"]


@admin.register(RejectedRow)
class RejectedRowAdmin(ReadOnlyAdmin):
    list_display = ["source", "line", "reason"]
    list_select_related = ["source__project"]


@admin.register(Output)
class OutputAdmin(ReadOnlyAdmin):
    list_display = ["external_id", "project", "model", "release", "domain", "created_at"]
    list_filter = ["project"]
    search_fields = ["external_id"]
    list_select_related = ["project"]


@admin.register(Content)
class ContentAdmin(ReadOnlyAdmin):
    list_display = ["output"]
    search_fields = ["output__external_id"]
    list_select_related = ["output"]


@admin.register(Feedback)
class FeedbackAdmin(ReadOnlyAdmin):
    list_display = ["output", "channel", "value", "is_negative", "given_at", "superseded_at"]
    list_filter = ["channel", "is_negative"]
    search_fields = ["output__external_id"]
    list_select_related = ["output"]
