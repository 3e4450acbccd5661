from django.urls import path

from projects import views

app_name = "projects"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("demo/sign-in/<str:username>/", views.demo_sign_in, name="demo-sign-in"),
    path("session/", views.session, name="session"),
    path("healthz", views.healthz, name="healthz"),
]
