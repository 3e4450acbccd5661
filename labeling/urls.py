from django.urls import path

from labeling.views import (
    adjudication,
    audit_pages,
    audit_settings,
    audits,
    codebooks,
    compare,
    desk,
    flags,
    gold,
    graders,
    home,
    keys,
    my_work,
    sensitivity,
    training,
    versions,
)

app_name = "labeling"

AUDIT = "audits/<slug:audit_slug>/"
CODEBOOKS = "projects/<slug:project_slug>/codebooks/"
CODEBOOK = CODEBOOKS + "<slug:name>/<int:version>/"
UNIT = AUDIT + "units/<slug:token>/"

urlpatterns = [
    path("", home.home, name="home"),
    path("my-work/", my_work.my_work, name="my-work"),
    path("projects/<slug:project_slug>/", home.project, name="project"),
    path("projects/<slug:project_slug>/audits/new/", audits.audit_new, name="audit-new"),
    path("projects/<slug:project_slug>/compare/", compare.compare_page, name="compare"),
    path(CODEBOOKS, codebooks.codebooks, name="codebooks"),
    path(CODEBOOKS + "make/", codebooks.codebook_default, name="codebook-default"),
    path(CODEBOOK, codebooks.codebook, name="codebook"),
    path(CODEBOOK + "diff/", codebooks.codebook_diff, name="codebook-diff"),
    path(CODEBOOK + "edit/", codebooks.codebook_edit, name="codebook-edit"),
    path(AUDIT, audit_pages.overview, name="audit"),
    path(AUDIT + "settings/", audit_settings.settings, name="settings"),
    path(AUDIT + "close/", audit_pages.close, name="close"),
    path(AUDIT + "reopen/", audit_pages.reopen, name="reopen"),
    path(AUDIT + "report/", audit_pages.report, name="report"),
    path(AUDIT + "report.json", audit_pages.report_json, name="report-json"),
    path(AUDIT + "sensitivity/", sensitivity.sensitivity, name="sensitivity"),
    path(AUDIT + "agreement/", audit_pages.agreement, name="agreement"),
    path(AUDIT + "versions/", versions.versions, name="versions"),
    path(AUDIT + "codebook/", versions.move_on, name="move-on"),
    path(AUDIT + "graders/", graders.graders, name="graders"),
    path(AUDIT + "graders/<int:pk>/", graders.grader, name="grader"),
    path(AUDIT + "graders.json", graders.graders_json, name="graders-json"),
    path(AUDIT + "exports/", audit_pages.exports, name="exports"),
    path(AUDIT + "exports/<slug:kind>/", audit_pages.export, name="export"),
    path(AUDIT + "adjudicate/", adjudication.queue, name="adjudication"),
    path(AUDIT + "adjudicate/<slug:token>/", adjudication.adjudicate, name="adjudicate"),
    path(AUDIT + "flags/", flags.queue, name="flags"),
    path(AUDIT + "flags/<int:pk>/", flags.answer, name="flag-answer"),
    path(AUDIT + "mine/", my_work.mine, name="mine"),
    path(AUDIT + "gold/", gold.gold, name="gold"),
    path(AUDIT + "gold/<slug:token>/retire/", gold.retire, name="gold-retire"),
    path(AUDIT + "training/", training.training, name="training"),
    path(AUDIT + "training/<slug:token>/", training.training_unit, name="training-unit"),
    path(AUDIT + "label/", desk.desk, name="desk"),
    path(AUDIT + "undo/", desk.undo, name="undo"),
    path(UNIT, desk.unit, name="unit"),
    path(UNIT + "verdict/", desk.verdict, name="verdict"),
    path(UNIT + "label/", desk.label, name="label"),
    path(UNIT + "skip/", desk.skip, name="skip"),
    path(UNIT + "keep/", desk.keep, name="keep"),
    path("keys/", keys.keys, name="keys"),
    path(UNIT + "flag/", flags.flag, name="flag"),
]
