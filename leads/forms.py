from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from core.phones import InvalidPhoneError, canonical, format_national
from core.text import slug_key
from leads.models import Contact
from leads.queries import labelled
from leads.services.rows import VALUE_LENGTH, read_tags

NEW_ROWS: Final = 3


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("File"), widget=forms.ClearableFileInput({"accept": ".csv,.tsv,.txt,.xlsx"}), max_length=None,
        error_messages={"empty": _("The file is empty."), "required": _("Choose a file.")},
    )  # fmt: skip


class ListForm(forms.Form):
    name = forms.CharField(label=_("Name of the list"), max_length=120)


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)


class ContactForm(forms.Form):
    """A contact as people write it down; extra fields are rows of label and value."""

    name = forms.CharField(label=_("Name"), max_length=160, required=False)
    phone = forms.CharField(
        label=_("WhatsApp"), max_length=40, required=False,
        widget=forms.TextInput({"inputmode": "tel", "autocomplete": "off", "placeholder": "(19) 99742-6108"}),
    )  # fmt: skip
    email = forms.EmailField(label=_("E-mail"), max_length=254, required=False)
    city = forms.CharField(label=_("City"), max_length=120, required=False)
    tags = forms.CharField(label=_("Tags, separated by commas"), max_length=900, required=False)
    status = forms.TypedChoiceField(
        label=_("Campaigns"), coerce=int, empty_value=None, required=False, widget=forms.RadioSelect,
        choices=[(1, _("may write to this contact")), (0, _("do not write (status 0)"))],
    )  # fmt: skip

    def __init__(self, data: Any = None, *, contact: Contact) -> None:
        initial = {
            "name": contact.name, "phone": format_national(contact.phone) if contact.phone else "",
            "email": contact.email,
            "city": contact.city, "tags": ", ".join(contact.tags), "status": contact.status,
        }  # fmt: skip
        super().__init__(data, initial=initial)
        self.extra = [(f"extra-{key}", label, value) for key, label, value in labelled(contact)]
        if data is not None:
            self.extra = [(name, label, data.get(name, value)) for name, label, value in self.extra]

    def clean_phone(self) -> str:
        raw = self.cleaned_data["phone"].strip()
        try:
            return canonical(raw).e164 if raw else ""
        except InvalidPhoneError as error:
            raise forms.ValidationError(str(error)) from error

    def clean_tags(self) -> list[str]:
        return read_tags(self.cleaned_data["tags"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not cleaned["name"] and not cleaned["phone"]:
            raise forms.ValidationError(_("Give a name or a phone."))
        return cleaned

    @property
    def new_rows(self) -> list[tuple[int, str, str]]:
        return [(n, self.data.get(f"new-label-{n}", ""), self.data.get(f"new-value-{n}", "")) for n in range(NEW_ROWS)]

    @property
    def attributes(self) -> dict[str, str]:
        """Return the extra fields as sent; a new one that is already there changes it."""
        kept = {name.removeprefix("extra-"): value for name, _label, value in self.extra}
        new = {slug_key(label): value for _row, label, value in self.new_rows if slug_key(label)}
        return {key: value.replace("\0", "")[:VALUE_LENGTH] for key, value in {**kept, **new}.items()}

    @property
    def labels(self) -> dict[str, str]:
        return {slug_key(label): label for _row, label, value in self.new_rows if slug_key(label) and value}

    @property
    def values(self) -> dict[str, Any]:
        own = {name: self.cleaned_data[name] for name in ("name", "phone", "email", "city", "tags")}
        status = self.cleaned_data["status"]
        return own | {"attributes": self.attributes} | ({} if status is None else {"status": status})
