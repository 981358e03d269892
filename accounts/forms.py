from typing import Any

from allauth.account.forms import ChangePasswordForm, LoginForm, ResetPasswordForm, ResetPasswordKeyForm, SignupForm
from allauth.core import context
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Organization, Role, Team, User
from accounts.services.organizations import create_organization
from core.phones import InvalidPhoneError, canonical


class InOurWords:
    """The fields of entering in the product's words: a label says it once, no placeholder repeats it."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            if name in {"login", "email"}:
                field.label = _("E-mail")
            if name in {"login", "email", "oldpassword", "password"}:
                field.help_text = ""
            if name == "password1":
                field.help_text = _("At least 8 characters, not only numbers and not one that everybody uses.")


class LogInForm(InOurWords, LoginForm):  # type: ignore[misc]  # allauth ships no types
    pass


class ForgottenPasswordForm(InOurWords, ResetPasswordForm):  # type: ignore[misc]  # allauth ships no types
    pass


class NewPasswordForm(InOurWords, ResetPasswordKeyForm):  # type: ignore[misc]  # allauth ships no types
    pass


class OtherPasswordForm(InOurWords, ChangePasswordForm):  # type: ignore[misc]  # allauth ships no types
    pass


class SignUpForm(InOurWords, SignupForm):  # type: ignore[misc]  # allauth ships no types
    """A person and, unless an invitation waits, the business that they open."""

    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput({"autocomplete": "name"}))
    organization_name = forms.CharField(
        label=_("Name of your business"), max_length=120, widget=forms.TextInput({"autocomplete": "organization"})
    )

    field_order = ("name", "organization_name", "email", "password1")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Whoever comes by an invitation joins a business and opens none.
        request = context.request
        target = (request.POST.get("next") or request.GET.get("next") or "") if request else ""
        if target.startswith("/convite/"):
            del self.fields["organization_name"]

    def save(self, request: HttpRequest) -> User:
        user: User = super().save(request)
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])
        if name := self.cleaned_data.get("organization_name"):
            create_organization(name, owner=user)
        return user


class OrganizationForm(forms.ModelForm[Organization]):
    class Meta:
        model = Organization
        fields = ("name", "segment", "timezone", "language")
        widgets = {
            "timezone": forms.Select(
                choices=[
                    ("America/Sao_Paulo", _("Brasília")),
                    ("America/Manaus", _("Manaus")),
                    ("America/Cuiaba", _("Cuiabá")),
                    ("America/Rio_Branco", _("Rio Branco")),
                    ("America/Noronha", _("Fernando de Noronha")),
                    ("America/Fortaleza", _("Fortaleza")),
                ]
            )
        }


class NewOrganizationForm(forms.Form):
    name = forms.CharField(label=_("Name of your business"), max_length=120)
    segment = forms.CharField(label=_("Line of business"), max_length=80, required=False)


class ProfileForm(forms.ModelForm[User]):
    class Meta:
        model = User
        fields = ("name", "phone", "language", "theme")

    def clean_phone(self) -> str:
        raw = self.cleaned_data["phone"].strip()
        if not raw:
            return ""
        try:
            return canonical(raw).e164
        except InvalidPhoneError as error:
            raise forms.ValidationError(str(error)) from error


class AlertsForm(forms.ModelForm[User]):
    """What a person wants to be told of while a page is open, and how."""

    class Meta:
        model = User
        fields = ("alert_hot", "alert_waiting", "alert_sound", "alert_popup")


class InvitationForm(forms.Form):
    email = forms.EmailField(label=_("E-mail"))
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.AGENT)


class MemberForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    is_active = forms.BooleanField(label=_("May enter"), required=False)


class TeamForm(forms.ModelForm[Team]):
    members = forms.ModelMultipleChoiceField(
        label=_("People"), queryset=Membership.unscoped.none(), required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Team
        fields = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["members"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = Membership.objects.filter(is_active=True).select_related("user")
        if self.instance.pk and not self.instance._state.adding:
            self.initial["members"] = list(self.instance.members.values_list("pk", flat=True))


class ApiTokenForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    role = forms.ChoiceField(
        label=_("May"), choices=[(Role.ADMIN, _("read and change")), (Role.VIEWER, _("only read"))], initial=Role.ADMIN
    )


class OpenAiKeyForm(forms.Form):
    key = forms.CharField(
        label=_("OpenAI key"),
        max_length=300,
        required=False,
        widget=forms.PasswordInput({"autocomplete": "off"}),
        help_text=_("Kept encrypted and never shown again. Leave empty to remove it."),
    )
