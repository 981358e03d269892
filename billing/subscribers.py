from accounts.models import Membership
from billing.events import PlanAsked
from billing.models import Plan
from billing.upgrades import write_to_staff
from sagas.outbox import subscriber


@subscriber(PlanAsked)
def mail_the_request(event: PlanAsked) -> None:
    actor = Membership.objects.select_related("organization", "user").get(pk=event.membership_id)
    write_to_staff(Plan.objects.get(code=event.plan_code), actor)
