"""Everything of an audit to look at; what graders and leads said can be read here, not changed."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from labeling.models import (
    Adjudication,
    Audit,
    Codebook,
    Coder,
    DeskKeys,
    Draft,
    Effort,
    FailureMode,
    Flag,
    FlagMessage,
    Gold,
    Judge,
    JudgeVerdict,
    Label,
    Lapse,
    ModeExample,
    Seat,
    Skip,
    Stratum,
    TrainingAnswer,
    Unit,
    Verdict,
)
from projects.admin import ReadOnlyAdmin


class FailureModeInline(admin.TabularInline):
    model = FailureMode
    extra = 0

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None or not obj.is_frozen

    has_add_permission = has_change_permission
    has_delete_permission = has_change_permission


@admin.register(Codebook)
class CodebookAdmin(admin.ModelAdmin):
    """A codebook that an audit uses is frozen: make the next version instead."""

    list_display = ["name", "version", "project", "created_at", "is_frozen"]
    list_filter = ["project"]
    inlines = [FailureModeInline]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or not obj.is_frozen)

    has_delete_permission = has_change_permission


@admin.register(FailureMode)
class FailureModeAdmin(ReadOnlyAdmin):
    list_display = ["code", "name", "codebook", "key", "position", "needs_verdict"]
    list_filter = ["codebook"]


@admin.register(Audit)
class AuditAdmin(ReadOnlyAdmin):
    list_display = ["slug", "project", "kind", "frame", "status", "codebook", "created_at"]
    list_filter = ["project", "kind", "status"]
    search_fields = ["slug", "name"]


@admin.register(Stratum)
class StratumAdmin(ReadOnlyAdmin):
    list_display = ["audit", "name", "in_frame", "is_negative", "n_frame", "n_sampled"]
    list_filter = ["audit"]


@admin.register(Unit)
class UnitAdmin(ReadOnlyAdmin):
    list_display = ["name", "audit", "stratum", "kind", "inclusion_probability"]
    list_filter = ["audit", "kind"]
    search_fields = ["name"]
    list_select_related = ["audit", "stratum"]


@admin.register(Seat)
class SeatAdmin(ReadOnlyAdmin):
    list_display = ["unit", "position", "coder", "claimed_at", "lease_until", "is_done"]
    list_filter = ["audit", "is_done"]
    list_select_related = ["unit", "coder"]


@admin.register(Lapse)
class LapseAdmin(ReadOnlyAdmin):
    list_display = ["unit", "coder", "created_at"]
    list_select_related = ["unit", "coder"]


@admin.register(Coder)
class CoderAdmin(ReadOnlyAdmin):
    list_display = ["name", "project", "user"]
    list_filter = ["project"]


@admin.register(Verdict)
class VerdictAdmin(ReadOnlyAdmin):
    list_display = ["unit", "coder", "correctness", "is_blind", "created_at"]
    list_filter = ["correctness"]
    list_select_related = ["unit", "coder"]


@admin.register(Label)
class LabelAdmin(ReadOnlyAdmin):
    list_display = ["unit", "coder", "category", "created_at", "superseded_at", "is_late"]
    list_filter = ["is_late", "is_imported", "correctness"]
    list_select_related = ["unit", "coder", "failure_mode"]


@admin.register(Skip)
class SkipAdmin(ReadOnlyAdmin):
    list_display = ["unit", "coder", "reason", "created_at", "undone_at"]
    list_filter = ["reason"]
    list_select_related = ["unit", "coder"]


@admin.register(Adjudication)
class AdjudicationAdmin(ReadOnlyAdmin):
    list_display = ["unit", "decided_by", "category", "created_at", "superseded_at"]
    list_select_related = ["unit", "decided_by", "failure_mode"]


@admin.register(ModeExample)
class ModeExampleAdmin(ReadOnlyAdmin):
    list_display = ["mode", "applies", "position", "text"]
    list_select_related = ["mode"]


@admin.register(Gold)
class GoldAdmin(ReadOnlyAdmin):
    list_display = ["unit", "correctness", "failure_mode", "is_training", "retired_at"]
    list_select_related = ["unit", "failure_mode"]


@admin.register(TrainingAnswer)
class TrainingAnswerAdmin(ReadOnlyAdmin):
    list_display = ["gold", "coder", "attempt", "correctness", "failure_mode"]
    list_select_related = ["gold__unit", "coder", "failure_mode"]


@admin.register(Draft)
class DraftAdmin(ReadOnlyAdmin):
    list_display = ["unit", "coder", "updated_at"]
    list_select_related = ["unit", "coder"]


@admin.register(Effort)
class EffortAdmin(ReadOnlyAdmin):
    list_display = ["unit", "coder", "active_ms", "first_at", "last_at"]
    list_select_related = ["unit", "coder"]


@admin.register(Flag)
class FlagAdmin(ReadOnlyAdmin):
    list_display = ["unit", "coder", "created_at", "resolved_at"]
    list_select_related = ["unit", "coder"]


@admin.register(FlagMessage)
class FlagMessageAdmin(ReadOnlyAdmin):
    list_display = ["flag", "author", "created_at"]
    list_select_related = ["flag__unit", "author"]


@admin.register(DeskKeys)
class DeskKeysAdmin(ReadOnlyAdmin):
    list_display = ["user", "letters_on"]
    list_select_related = ["user"]


@admin.register(Judge)
class JudgeAdmin(ReadOnlyAdmin):
    list_display = ["name", "version", "kind", "project", "created_at"]
    list_filter = ["project", "kind"]


@admin.register(JudgeVerdict)
class JudgeVerdictAdmin(ReadOnlyAdmin):
    list_display = ["output", "judge", "correctness", "failure_mode", "created_at"]
    list_filter = ["judge"]
