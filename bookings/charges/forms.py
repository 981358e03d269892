from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.charges.creating import ChargeDraft
from billing.errors import ChargeError
from billing.models import ChargeMethod
from core.clock import day_bounds
from core.formulas import printable
from core.money import InvalidMoneyError, parse_cents

DAYS_TO_PAY: Final = 7
METHOD_WORDS: Final = {
    ChargeMethod.PIX_STATIC: _("Pix to your key: you confirm when the money is in your account"),
    ChargeMethod.CARD_LINK: _("Card, by a Stripe link: confirmed by itself"),
    ChargeMethod.PIX_STRIPE: _("Pix by Stripe: confirmed by itself"),
}


class ChargeForm(forms.Form):
    """What is checked further is checked by :func:`billing.charges.creating.create_charge`."""

    amount = forms.CharField(
        label=_("Amount"), max_length=20,
        widget=forms.TextInput({"inputmode": "decimal", "placeholder": "R$ 180,00", "autocomplete": "off"}),
    )  # fmt: skip
    description = forms.CharField(label=_("What for"), max_length=200)
    method = forms.ChoiceField(label=_("How to pay"), widget=forms.RadioSelect)
    expires_on = forms.DateField(
        label=_("Pay until"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text=_("The link closes at the end of this day."),
    )  # fmt: skip
    name = forms.CharField(label=_("Name"), max_length=120, widget=forms.TextInput({"autocomplete": "off"}))
    phone = forms.CharField(
        label=_("WhatsApp"), max_length=40, required=False, widget=forms.TextInput({"type": "tel", "inputmode": "tel"})
    )
    email = forms.CharField(
        label=_("E-mail"), max_length=254, required=False, widget=forms.TextInput({"type": "email"}),
        help_text=_("The receipt goes there as well."),
    )  # fmt: skip
    document = forms.CharField(
        label=_("CPF or CNPJ"), max_length=24, required=False, help_text=_("For the invoice in the payer's name.")
    )
    send = forms.BooleanField(label=_("Send the link by WhatsApp now"), required=False)

    def __init__(
        self, data: Any = None, *, methods: list[ChargeMethod], can_send: bool, initial: dict[str, Any] | None = None
    ) -> None:
        day = timezone.localdate() + timedelta(days=DAYS_TO_PAY)
        first = methods[0] if methods else ""
        super().__init__(data, initial={"expires_on": day, "method": first, "send": True} | (initial or {}))
        choices: Any = self.fields["method"]
        choices.choices = [(method.value, METHOD_WORDS[method]) for method in methods]
        if not can_send:
            del self.fields["send"]

    def clean_amount(self) -> int:
        try:
            return parse_cents(str(self.cleaned_data["amount"]))
        except InvalidMoneyError:
            raise forms.ValidationError(_("Write an amount like 180,00.")) from None

    def clean_name(self) -> str:
        return printable(self.cleaned_data["name"])

    def clean_description(self) -> str:
        return printable(self.cleaned_data["description"])

    def draft(self, zone: str) -> ChargeDraft:
        """Return what was typed; the link lives to the end of the day that was chosen."""
        own = self.cleaned_data
        return ChargeDraft(
            name=own["name"], amount_cents=own["amount"], description=own["description"], method=own["method"],
            expires_at=self._end_of_day(zone), phone=own["phone"], email=own["email"], document=own["document"],
        )  # fmt: skip

    def _end_of_day(self, zone: str) -> datetime:
        day = self.cleaned_data["expires_on"]
        if not 2000 <= day.year <= 2200:
            raise ChargeError(str(_("Choose a day from today to a year from now.")), field="expires_on")
        return day_bounds(day, zone)[1] - timedelta(seconds=1)

    def refuse(self, error: ChargeError) -> None:
        """Show a refusal where it belongs."""
        self.add_error(error.field if error.field in self.fields else None, error.message)
