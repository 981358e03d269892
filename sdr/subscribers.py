from accounts.events import OrganizationCreated
from accounts.models import Team
from conversations.events import CustomerReplied, HumanReplied
from leads.services.joining import Part, register
from sagas.outbox import subscriber
from sdr.events import AiCostPassed
from sdr.models import Qualification
from sdr.services.bursts import abort_open_turn, note_customer_message
from sdr.services.profiles import get_profile
from sdr.services.qualifying import note_person
from sdr.services.spending import mail_cost_warning

register(Part("sdr", (Qualification,)))


@subscriber(OrganizationCreated)
def prepare_the_sdr(event: OrganizationCreated) -> None:
    """Give a new business a profile and a team for those who are ready to buy."""
    profile = get_profile()
    if profile.team_quente is None:
        profile.team_quente, _created = Team.objects.get_or_create(
            organization_id=event.organization_id, name="Vendas", defaults={}
        )
        profile.save(update_fields=["team_quente"])


@subscriber(CustomerReplied)
def answer_the_customer(event: CustomerReplied) -> None:
    note_customer_message(event)


@subscriber(HumanReplied)
def fall_silent_for_a_person(event: HumanReplied) -> None:
    abort_open_turn(event.conversation_id, "person")
    note_person(event.conversation_id)


@subscriber(AiCostPassed)
def warn_the_owners_of_the_cost(event: AiCostPassed) -> None:
    mail_cost_warning(event.organization_id, event.cents)
