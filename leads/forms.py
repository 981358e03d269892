from django import forms
from django.utils.translation import gettext_lazy as _

from core.phones import InvalidPhoneError, canonical
from leads.models import Contact


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("File"), widget=forms.ClearableFileInput({"accept": ".csv,.tsv,.txt,.xlsx"}),
        error_messages={"empty": _("The file is empty.")},
    )  # fmt: skip
    list_name = forms.CharField(label=_("Name of the list"), max_length=120, required=False)


class ContactForm(forms.ModelForm[Contact]):
    tags_text = forms.CharField(label=_("Tags, separated by commas"), max_length=400, required=False)

    class Meta:
        model = Contact
        fields = ("name", "phone", "email", "city")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed through to Django as they are
        self.initial.setdefault("tags_text", ", ".join(self.instance.tags))

    def clean_phone(self) -> str:
        raw = self.cleaned_data["phone"].strip()
        if not raw:
            return ""
        try:
            return canonical(raw).e164
        except InvalidPhoneError as error:
            raise forms.ValidationError(str(error)) from error

    def clean_tags_text(self) -> str:
        return str(self.cleaned_data["tags_text"]).replace("\x00", "")

    @property
    def values(self) -> dict[str, object]:
        tags = [tag.strip()[:40] for tag in self.cleaned_data["tags_text"].split(",") if tag.strip()][:20]
        return {name: self.cleaned_data[name] for name in self.Meta.fields} | {"tags": tags}
