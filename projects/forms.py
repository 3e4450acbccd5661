"""Signing in, inviting, joining.

Signing in: what is too long to be a name is told apart before the guess is written down.
"""

from typing import Any

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm, UserCreationForm

from projects.models import Invitation, User
from projects.roles import Role, may_manage

LONGEST_NAME = User._meta.get_field("username").max_length or 150


class ShortNames(forms.Form):
    """Django sets the limit on the widget alone, and axes stores the name in 255 characters."""

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        if len(name) > LONGEST_NAME:
            raise forms.ValidationError(
                f"Expected a user name of at most {LONGEST_NAME} characters, got {len(name):,}."
            )
        return name


class SignInForm(ShortNames, AuthenticationForm):
    pass


class AdminSignInForm(ShortNames, AdminAuthenticationForm):
    pass


class InviteForm(forms.Form):
    """Whom to invite; a role that the inviter may not give is not among the choices."""

    email = forms.EmailField(label="E-mail address", max_length=254)
    name = forms.CharField(
        label="Name", max_length=150, required=False, help_text="Optional, as colleagues see it."
    )
    role = forms.ChoiceField(
        help_text="Graders label. Researchers read figures and exports. Leads do both, and import, "
        "draw, decide and invite."
    )
    ends_on = forms.DateField(
        label="Last day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Optional. The last day of access, in UTC.",
    )

    def __init__(self, *args: Any, inviter_role: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = [role for role in Role if may_manage(inviter_role, role)]
        self.fields["role"].choices = [(role.value, role.label) for role in roles]  # type: ignore[attr-defined]


class EndDateForm(forms.Form):
    ends_on = forms.DateField(required=False)


class JoinForm(UserCreationForm):  # type: ignore[type-arg]
    """The account of an invited person; the e-mail address is the invitation's, not a field."""

    class Meta:
        model = User
        fields = ["username"]
        labels = {"username": "User name"}
        help_texts = {"username": "You sign in with it. Letters, digits and @ . + - _ only."}

    def __init__(self, *args: Any, invitation: Invitation, **kwargs: Any) -> None:
        person = User(email=invitation.email, first_name=invitation.name)
        super().__init__(*args, instance=person, **kwargs)
        self.fields["password1"].help_text = "12 characters or more."
        self.fields["password2"].label = "Password again"
        self.fields["password2"].help_text = ""
