"""Each person's own keys at the desk."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from labeling.desk_keys import ACTIONS, Keys, clashes, keys_of, reset_keys, store_keys
from projects.access import PersonRequest, signed_in
from projects.errors import InputError


class KeysForm(forms.Form):
    """One input per action; `check_keys` knows what goes together."""

    letters_on = forms.BooleanField(required=False, label="Single keys are on")

    def __init__(self, *args: object, keys: Keys, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["letters_on"].initial = keys.letters_on
        for action in ACTIONS:
            box = forms.TextInput(attrs={"maxlength": 1, "autocomplete": "off", "size": 2})
            self.fields[action.name] = forms.CharField(
                max_length=1,
                label=action.does.capitalize(),
                initial=keys[action.name],
                widget=box,
                help_text=f"usually {action.default}",
            )


@require_http_methods(["GET", "POST"])
@signed_in
def keys(request: PersonRequest) -> HttpResponse:
    """Show and change the keys; they are checked against each other and the modes' keys."""
    form = KeysForm(request.POST if request.method == "POST" else None, keys=keys_of(request.user))
    if request.method == "POST":
        if "reset" in request.POST:
            reset_keys(request.user)
            messages.success(request, "Your keys are the usual ones again.")
            return redirect("labeling:keys")
        if form.is_valid() and store(request, form):
            messages.success(request, "Your keys are saved; an open desk takes them up on reload.")
            return redirect("labeling:keys")
    context = {"form": form, "clashes": clashes(request.user)}
    return render(request, "labeling/keys.html", context, status=422 if form.errors else 200)


def store(request: PersonRequest, form: KeysForm) -> bool:
    chosen = {action.name: form.cleaned_data[action.name] for action in ACTIONS}
    try:
        store_keys(user=request.user, keys=chosen, letters_on=form.cleaned_data["letters_on"])
    except InputError as error:
        form.add_error(None, str(error))
        return False
    return True
