from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sdr.knowledge.reading import EXTENSIONS, MAX_BYTES


class DocumentForm(forms.Form):
    """One of three: a file, the address of a page, or a text written here."""

    file = forms.FileField(
        label=_("File: PDF, DOCX or TXT"), required=False, max_length=200,
        widget=forms.ClearableFileInput({"accept": ",".join(f".{name}" for name in EXTENSIONS)}),
        error_messages={"empty": _("The file is empty.")}, help_text=_("PDF, DOCX or TXT, up to 10 MB."),
    )  # fmt: skip
    address = forms.CharField(
        label=_("Address of a page of your site"), required=False, max_length=1000,
        widget=forms.URLInput({"placeholder": "https://"}),
    )  # fmt: skip
    title = forms.CharField(label=_("Title of the text"), required=False, max_length=200)
    text = forms.CharField(
        label=_("Or write it here"), required=False, max_length=100_000, widget=forms.Textarea({"rows": 5})
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file and file.size > MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than 10 MB."))
        return file

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        given = [name for name in ("file", "address", "text") if data.get(name)]
        if len(given) != 1 and not self.errors:
            raise forms.ValidationError(_("Choose a file, an address or a text: one of them at a time."))
        return data


class AnswerForm(forms.Form):
    question = forms.CharField(label=_("Question"), max_length=200)
    answer = forms.CharField(label=_("Answer"), max_length=600, widget=forms.Textarea({"rows": 3}))
