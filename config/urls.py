from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("projects.urls")),
    path("", include("feedback.urls")),
    path("", include("labeling.urls")),
    path("admin/", admin.site.urls),
]
