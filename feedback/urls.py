from django.urls import path

from feedback import views

app_name = "feedback"
urlpatterns = [
    path("projects/<slug:project_slug>/feedback/", views.index, name="index"),
    path("projects/<slug:project_slug>/feedback/import/", views.upload, name="upload"),
    path("projects/<slug:project_slug>/imports/<int:pk>/", views.show_import, name="import"),
    path("projects/<slug:project_slug>/imports/<int:pk>/step/", views.step, name="step"),
    path("projects/<slug:project_slug>/imports/<int:pk>/discard/", views.discard, name="discard"),
    path(
        "projects/<slug:project_slug>/imports/<int:pk>/rejected.csv",
        views.rejected_csv,
        name="rejected",
    ),
]
