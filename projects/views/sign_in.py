"""Sign-in and sign-out; in demo mode one click signs in as a demo person."""

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.views import LoginView, LogoutView
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from projects.access import public
from projects.forms import SignInForm
from projects.models import Membership


class SignIn(LoginView):
    form_class = SignInForm
    template_name = "projects/sign_in.html"
    redirect_authenticated_user = True
    extra_context = None

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        people = demo_people() if settings.DEMO_MODE else []
        return super().get_context_data(people=people, **kwargs)


sign_in = public(SignIn.as_view())
sign_out = public(LogoutView.as_view())


def demo_people() -> list[Membership]:
    """Who one click may sign in: accounts without a password that are in demo projects alone."""
    members = Membership.objects.current().filter(
        project__is_demo=True, user__is_staff=False, user__is_superuser=False
    )
    order = {"grader": 0, "lead": 1, "researcher": 2, "admin": 3}
    elsewhere = Membership.objects.filter(project__is_demo=False).values("user")
    members = members.exclude(user__in=elsewhere)
    people = members.select_related("user", "project").order_by("user__username")
    without_password = [member for member in people if not member.user.has_usable_password()]
    return sorted(without_password, key=lambda member: order[member.role])


@public
@require_POST
def demo_sign_in(request: HttpRequest, username: str) -> HttpResponse:
    """Sign in as a demo person; outside demo mode this page does not exist."""
    if not settings.DEMO_MODE:
        raise Http404
    people = {member.user.username: member.user for member in demo_people()}
    user = people.get(username)
    if user is None or not user.is_active:
        raise Http404
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect(settings.LOGIN_REDIRECT_URL)


@public
@require_http_methods(["GET", "POST"])
def session(request: HttpRequest) -> HttpResponse:
    """Who is signed in, and a fresh form token, for a page that is still open; POST signs in.

    Another site's page cannot read the answer. Lockouts are the sign-in page's own.
    """
    if request.method == "POST":
        form = SignInForm(request, request.POST)
        if not form.is_valid():
            problem = next(str(errors[0]) for errors in form.errors.values())
            return JsonResponse({"user": None, "problem": problem}, status=422)
        login(request, form.get_user())
    name = request.user.get_username() if request.user.is_authenticated else None
    return JsonResponse({"user": name, "csrf": get_token(request)})


@public
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """True only when the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return JsonResponse({"ok": True})
