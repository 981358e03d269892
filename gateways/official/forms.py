from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gateways.models import Channel, MessageTemplate, TemplateCategory

LANGUAGES = [("pt_BR", _("Portuguese (Brazil)")), ("en_US", _("English")), ("es", _("Spanish"))]


class TemplateForm(forms.Form):
    """An official text as its owner writes it; what Meta would refuse is said by :mod:`gateways.official.texts`."""

    channel = forms.ModelChoiceField(label=_("Official number"), queryset=Channel.unscoped.none(), empty_label=None)
    name = forms.CharField(
        label=_("Name"), max_length=512, help_text=_("Only Meta and your team see it, for example lembrete_consulta."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )  # fmt: skip
    category = forms.ChoiceField(label=_("Category"), choices=TemplateCategory.choices)
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    header = forms.CharField(label=_("Header"), required=False, max_length=60)
    body = forms.CharField(
        label=_("Text"), max_length=1024, strip=True, widget=forms.Textarea({"rows": 6}),
        help_text=_("Write {{1}}, {{2}} where a name, a day or a time will be."),
    )  # fmt: skip
    examples = forms.CharField(
        label=_("Examples"), required=False, widget=forms.Textarea({"rows": 2}),
        help_text=_("One per line, in the order of the places: Maria, then 15h."),
    )  # fmt: skip
    footer = forms.CharField(label=_("Footer"), required=False, max_length=60)
    buttons = forms.CharField(
        label=_("Answer buttons"), required=False, widget=forms.Textarea({"rows": 2}),
        help_text=_("Up to three, one per line: Confirmar, then Remarcar."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        channel = self.fields["channel"]
        assert isinstance(channel, forms.ModelChoiceField)
        channel.queryset = official_channels()

    def clean_examples(self) -> list[str]:
        return lines(self.cleaned_data["examples"])

    def clean_buttons(self) -> list[str]:
        return lines(self.cleaned_data["buttons"])


def official_channels() -> "Any":
    return Channel.objects.filter(provider="cloud", removed_at=None).order_by("created_at")


def lines(text: str) -> list[str]:
    """Return the lines of a text that say something."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def initial_of(template: MessageTemplate) -> dict[str, Any]:
    """Return the form's values for a template."""
    return {
        "channel": template.channel_id, "name": template.name, "category": template.category, "language": template.language,
        "header": template.header, "body": template.body, "footer": template.footer,
        "examples": "\n".join(template.examples), "buttons": "\n".join(template.quick_replies),
    }  # fmt: skip
