from django.urls import path

from projects.views import join, people, sign_in

app_name = "projects"

PEOPLE = "projects/<slug:project_slug>/people/"

urlpatterns = [
    path("session/", sign_in.session, name="session"),
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("demo/sign-in/<str:username>/", sign_in.demo_sign_in, name="demo-sign-in"),
    path("join/<str:token>/", join.join, name="join"),
    path(PEOPLE, people.index, name="people"),
    path(PEOPLE + "<int:pk>/deactivate/", people.deactivate, name="deactivate"),
    path(PEOPLE + "<int:pk>/reactivate/", people.reactivate, name="reactivate"),
    path(PEOPLE + "<int:pk>/end-date/", people.end_date, name="end-date"),
    path(PEOPLE + "invitations/<int:pk>/revoke/", people.revoke, name="revoke-invitation"),
    path("healthz", sign_in.healthz, name="healthz"),
]
