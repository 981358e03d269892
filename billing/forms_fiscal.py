import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.documents import InvalidDocumentError, is_cnpj, read_document
from billing.forms import SecretInput
from billing.models import FiscalSettings, IssueMoment

LONGEST_TYPED = 24


class FiscalForm(forms.ModelForm[FiscalSettings]):
    """An empty token keeps the one that is saved."""

    token = forms.CharField(label=_("Focus NFe token"), max_length=200, required=False, widget=SecretInput())

    class Meta:
        model = FiscalSettings
        fields = (
            "issue_at",
            "environment",
            "provider_document",
            "municipal_registration",
            "municipality_code",
            "tax_regime",
            "service_code",
            "service_description",
            "keeps_payment",
        )
        help_texts = {
            "keeps_payment": _(
                "Otherwise the money goes back to the payer, for paid without an invoice is not wanted."
            ),
            "municipality_code": _("Seven digits. Campinas is 3509502."),
            "service_code": _("Six digits, as in 010701. Your accountant knows it."),
            "environment": _("Each environment has its own token. Try the test one first."),
        }

    def __init__(self, *args: Any, has_token: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.has_token = has_token
        # Points and dashes may be typed; what remains without them is checked below.
        for name in ("provider_document", "municipality_code", "service_code"):
            self.fields[name].validators.clear()
            self.fields[name].widget.attrs["maxlength"] = str(LONGEST_TYPED)

    def clean_token(self) -> str:
        token = str(self.cleaned_data["token"]).strip()
        if token and not re.fullmatch(r"[A-Za-z0-9_-]{8,200}", token):
            raise forms.ValidationError(_("The token has only letters and digits. Copy it again from Focus NFe."))
        return token

    def clean_provider_document(self) -> str:
        text = str(self.cleaned_data["provider_document"])
        if not text.strip():
            return ""
        try:
            plain = read_document(text)
        except InvalidDocumentError:
            plain = ""
        if not is_cnpj(plain):
            raise forms.ValidationError(_("The check digits do not match. Look at the CNPJ again."))
        return plain

    def clean_municipality_code(self) -> str:
        return self._digits("municipality_code", 7)

    def clean_service_code(self) -> str:
        return self._digits("service_code", 6)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("issue_at") != IssueMoment.NEVER:
            for name in ("provider_document", "municipality_code", "service_code"):
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, _("Needed to issue invoices."))
            if not data.get("token") and not self.has_token and "token" not in self.errors:
                self.add_error("token", _("Needed to issue invoices."))
        return data

    def _digits(self, name: str, count: int) -> str:
        plain = re.sub(r"[\s./-]", "", str(self.cleaned_data[name]))
        if plain and not (plain.isascii() and plain.isdigit() and len(plain) == count):
            raise forms.ValidationError(_("It has %(count)d digits."), params={"count": count})
        return plain
