from django.urls import path

from labeling.views import adjudication, audit_pages, audits, desk, graders, home, keys

app_name = "labeling"

AUDIT = "audits/<slug:audit_slug>/"
UNIT = AUDIT + "units/<slug:token>/"

urlpatterns = [
    path("", home.home, name="home"),
    path("projects/<slug:project_slug>/", home.project, name="project"),
    path("projects/<slug:project_slug>/audits/new/", audits.audit_new, name="audit-new"),
    path(AUDIT, audit_pages.overview, name="audit"),
    path(AUDIT + "close/", audit_pages.close, name="close"),
    path(AUDIT + "reopen/", audit_pages.reopen, name="reopen"),
    path(AUDIT + "report/", audit_pages.report, name="report"),
    path(AUDIT + "report.json", audit_pages.report_json, name="report-json"),
    path(AUDIT + "agreement/", audit_pages.agreement, name="agreement"),
    path(AUDIT + "graders/", graders.graders, name="graders"),
    path(AUDIT + "graders/<int:pk>/", graders.grader, name="grader"),
    path(AUDIT + "graders.json", graders.graders_json, name="graders-json"),
    path(AUDIT + "exports/", audit_pages.exports, name="exports"),
    path(AUDIT + "exports/<slug:kind>/", audit_pages.export, name="export"),
    path(AUDIT + "adjudicate/", adjudication.queue, name="adjudication"),
    path(AUDIT + "adjudicate/<slug:token>/", adjudication.adjudicate, name="adjudicate"),
    path(AUDIT + "label/", desk.desk, name="desk"),
    path(AUDIT + "undo/", desk.undo, name="undo"),
    path(UNIT, desk.unit, name="unit"),
    path(UNIT + "verdict/", desk.verdict, name="verdict"),
    path(UNIT + "label/", desk.label, name="label"),
    path(UNIT + "skip/", desk.skip, name="skip"),
    path(UNIT + "keep/", desk.keep, name="keep"),
    path("keys/", keys.keys, name="keys"),
]
