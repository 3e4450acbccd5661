from django.urls import path

from release.views import plan

app_name = "release"

urlpatterns = [
    path("projects/<slug:project_slug>/plan/", plan.plan, name="plan"),
]
