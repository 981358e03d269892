from django import forms
from django.utils.translation import gettext_lazy as _

from gateways.access.base import AccessForm, ProviderChoice


class SimulatorForm(AccessForm):
    speed = forms.TypedChoiceField(
        label=_("Speed of the virtual contacts"),
        coerce=float,
        initial=10,
        choices=[(1, _("real time")), (10, _("10 times faster")), (60, _("a minute per second"))],
        help_text=_("How fast they read and answer."),
    )
    replies = forms.BooleanField(label=_("They answer"), required=False, initial=True)


SIMULATOR = ProviderChoice(
    "simulator",
    _("Simulator"),
    _("Virtual customers who read, answer, ask for prices and opt out. To rehearse without a phone."),
    "bot",
    SimulatorForm,
    group="rehearsal",
    button=_("Create Simulator"),
)
