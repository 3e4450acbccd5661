from django.contrib import admin
from django.urls import include, path

from config import views

urlpatterns = [
    path("", include("projects.urls")),
    path("", include("feedback.urls")),
    path("", include("labeling.urls")),
    path("", include("release.urls")),
    path("audits/<slug:audit_slug>/truth/", views.truth, name="demo-truth"),
    path("admin/", admin.site.urls),
]
