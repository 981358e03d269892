from django import forms
from django.utils.translation import gettext_lazy as _


class PromptForm(forms.Form):
    """A new version; what is in use stays as it is."""

    opening = forms.CharField(
        label=_("First words"), required=False, max_length=300,
        help_text=_("How the SDR introduces itself. Empty: “Bom dia! Aqui é a Clara, da sua empresa.”"),
    )  # fmt: skip
    instructions = forms.CharField(
        label=_("Instructions"), required=False, max_length=4000, widget=forms.Textarea({"rows": 8}),
        help_text=_("Manner, what to stress, what to avoid. The rules against invented prices and promises always hold."),
    )  # fmt: skip
    segment = forms.CharField(
        label=_("Only for the segment"), required=False, max_length=60,
        help_text=_("The value of the contact's attribute “segmento”. Empty: for everybody without a version of their own."),
    )  # fmt: skip
    note = forms.CharField(label=_("What is new in it"), required=False, max_length=200)

    def clean(self) -> dict[str, str]:
        data = super().clean() or {}
        if not self.errors and not (data["opening"].strip() or data["instructions"].strip()):
            raise forms.ValidationError(_("Write the first words or the instructions."))
        return data


class ShareForm(forms.Form):
    share = forms.IntegerField(min_value=1, max_value=100)
