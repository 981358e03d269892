from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Team


class MessageForm(forms.Form):
    body = forms.CharField(
        label=_("Message"), max_length=4096, required=False, strip=False,
        widget=forms.Textarea({"rows": 2, "class": "textarea"}),
    )  # fmt: skip
    file = forms.FileField(label=_("File"), required=False)
    client_key = forms.CharField(max_length=80, required=False, widget=forms.HiddenInput)


class NoteForm(forms.Form):
    body = forms.CharField(label=_("Note for the team"), max_length=4000, widget=forms.Textarea({"rows": 2}))
    client_key = forms.CharField(max_length=80, required=False, widget=forms.HiddenInput)


class AssignForm(forms.Form):
    """Choices are limited to the active organization, so a foreign id is simply no choice."""

    member = forms.ModelChoiceField(label=_("Person"), queryset=Membership.unscoped.none(), required=False)
    team = forms.ModelChoiceField(label=_("Team"), queryset=Team.unscoped.none(), required=False)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed through to Django as they are
        member, team = self.fields["member"], self.fields["team"]
        assert isinstance(member, forms.ModelChoiceField)
        assert isinstance(team, forms.ModelChoiceField)
        member.queryset = Membership.objects.filter(is_active=True).select_related("user")
        team.queryset = Team.objects.all()


class HandlerForm(forms.Form):
    handler = forms.ChoiceField(choices=[("bot", _("SDR")), ("human", _("person")), ("paused", _("paused"))])
