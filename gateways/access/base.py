"""The forms in which people give a provider's access, and how the wizard offers each provider."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise
CONTINUE, CONFIRM = _("Continue"), _("Finish")


class AccessForm(forms.Form):
    """A provider's own settings; subclasses turn them into the provider's config."""

    sealed: ClassVar[tuple[str, ...]] = ()
    later: ClassVar[tuple[str, ...]] = ()
    """Fields that the wizard leaves out and the page of the number asks for."""
    made: ClassVar[tuple[str, ...]] = ()
    """Secrets that we make ourselves and nobody types; they are never shown in the form."""

    def leave_for_later(self) -> None:
        """Ask only for what is needed to begin."""
        for name in self.later:
            del self.fields[name]

    def config(self, before: dict[str, Any]) -> dict[str, Any]:
        """Return the settings to store; a secret that was left empty stays as it is in ``before``."""
        return {name: value for name, value in self.cleaned_data.items() if value != "" or name not in self.sealed}

    @classmethod
    def shown(cls, config: dict[str, Any]) -> dict[str, Any]:
        """Return the form's values for settings that are stored, without secrets."""
        return {name: value for name, value in config.items() if name not in {*cls.sealed, *cls.made}}


class ServerForm(AccessForm):
    """The server of a business's own; a second one is asked for later, on the page of the number."""

    sealed = ("api_key", "second_key")
    made: ClassVar[tuple[str, ...]] = ("on_second",)
    later = ("second_url", "second_key")

    base_url = forms.RegexField(
        r"^https?://\S+$",
        label=_("Address of your server"),
        max_length=300,
        error_messages={"invalid": _("An address begins with http:// or https://.")},
        widget=forms.URLInput({"autocomplete": "off"}),
        help_text=_("The address at which this system reaches it, with http:// or https://."),
    )
    api_key = forms.CharField(
        label=_("Key"), required=False, max_length=300, widget=forms.PasswordInput({"autocomplete": "off"})
    )
    second_url = forms.RegexField(
        r"^https?://\S+$",
        label=_("Second server, on standby"),
        required=False,
        max_length=300,
        error_messages={"invalid": _("An address begins with http:// or https://.")},
        widget=forms.URLInput({"autocomplete": "off"}),
        help_text=_(
            "When the first does not answer for a minute, this one takes over. Link the phone there once, beforehand."
        ),
    )
    second_key = forms.CharField(
        label=_("Key of the second server"),
        required=False,
        max_length=300,
        widget=forms.PasswordInput({"autocomplete": "off"}),
        help_text=_("Empty if it is the same."),
    )


def password(label: Any, help_text: Any = "", *, required: bool = False, most: int = 600) -> forms.CharField:
    """Return a field for a secret that is never shown again."""
    widget = forms.PasswordInput({"autocomplete": "off"})
    return forms.CharField(label=label, required=required, max_length=most, widget=widget, help_text=help_text)


def digits(label: Any, help_text: Any = "") -> forms.RegexField:
    """Return a field for an id that is a number."""
    return forms.RegexField(
        r"^[0-9]{3,40}$", label=label, max_length=40, help_text=help_text,
        error_messages={"invalid": _("Only the digits.")}, widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )  # fmt: skip


@dataclass(frozen=True)
class ProviderChoice:
    """A way to connect, as the first step of the wizard offers it.

    ``guide`` are the steps before the form is filled, in the owner's words; ``button`` ends the form; ``last`` names the
    last step. ``group`` is the heading under which it stands.
    """

    code: str
    title: Words
    text: Words
    icon: str
    form: type[AccessForm]
    group: str = "qr"
    guide: tuple[Words, ...] = ()
    button: Words = CONTINUE
    last: Words = CONFIRM
    hook_fields: str = ""
    """What of Meta's webhooks a person may have to subscribe to by hand; empty where the provider takes it from us."""
