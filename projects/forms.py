"""Signing in: what is too long to be a name is told apart before the guess is written down."""

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm

from projects.models import User

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
