"""The watch over demand and capacity: an overload begins and ends here, once each, and what it brings with it."""

from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from accounts.services.audit import record_audit
from campaigns.events import DemandExceeded
from campaigns.models import Campaign, CampaignState, DecisionKind, DemandDecision, Help, Overload
from campaigns.overload.moving import bring_back_moved, close_overtaken
from campaigns.overload.reckoning import Reckoning, goes_on, is_overload, reckon
from campaigns.overload.reserve import call, candidates, enough
from campaigns.overload.scene import Scene, read_scene
from campaigns.services.rounds import for_each
from campaigns.services.standby import send_back_helpers
from core.clock import now
from core.live import signal
from core.tenancy import across_organizations
from gateways.models import Channel
from gateways.pool.crowd import slow_down
from gateways.pool.incidents import INFO, WARNING, alert
from gateways.pool.words import CROWDED, FITS_AGAIN
from sagas.outbox import publish

TOPIC = "demand"


def watch_demand() -> int:
    """Look at every organization in which something is to be sent or an overload lasts; return how many changed."""
    with across_organizations():
        running = Campaign.objects.filter(state=CampaignState.RUNNING).exclude(audience_built_at=None)
        going = Overload.objects.filter(ended_at=None)
        decided = DemandDecision.objects.filter(ended_at=None)
        found = {
            pk for rows in (running, going, decided) for pk in rows.order_by().values_list("organization_id", flat=True)
        }
    return sum(for_each(((pk, pk) for pk in sorted(found)), _look_inside))


def _look_inside(organization_id: UUID) -> bool:
    bring_back_moved()
    close_overtaken()
    return look_at(organization_id)


def look_at(organization_id: UUID) -> bool:
    """Compare the active organization's demand with its capacity; return whether an overload began or ended."""
    changed, scene, slowed = _arrange(organization_id)
    # By itself: senders lock numbers and campaigns in their own order.
    slow_down(slowed, scene.at, scene.zone)
    return changed


@transaction.atomic
def _arrange(organization_id: UUID) -> tuple[bool, Scene, list[Channel]]:
    alone(organization_id)
    scene = read_scene(now())
    kept: Overload | None = Overload.objects.filter(ended_at=None).first()
    found = judge(scene, is_on=kept is not None)
    if found is None:
        if kept:
            _end(kept, scene)
        return kept is not None, scene, []
    row = kept or _begin(organization_id, found, scene)
    _note(row, found)
    call_reserve(row, scene)
    return kept is None, scene, _working(scene, found)


def alone(organization_id: UUID | str) -> None:
    """Wait until nobody else looks at this organization's demand; for the length of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", [f"demand:{organization_id}"])


def judge(scene: Scene, *, is_on: bool) -> Reckoning | None:
    """Return how campaigns fare without help at their usual pace, if that is an overload; None where everything fits."""
    demands = scene.demands(with_help=False)
    if not demands:
        return None
    pool = scene.pool({pk for one in demands.values() for pk in one.line.channels}, is_calm=True)
    found = reckon(demands, pool)
    if is_on:
        return found if found.late or goes_on(demands, pool) else None
    return found if is_overload(found) else None


def _begin(organization_id: UUID, found: Reckoning, scene: Scene) -> Overload:
    row: Overload = Overload.objects.create(began_at=scene.at)
    figures = {"waiting": found.waiting, "late": found.late}
    record_audit("demand.exceeded", actor=None, data=figures)
    _tell(scene, WARNING, CROWDED)
    publish(DemandExceeded(str(organization_id), str(row.pk)))
    return row


def _end(row: Overload, scene: Scene) -> None:
    row.ended_at = scene.at
    row.late, row.late_campaigns = 0, {}
    row.save(update_fields=["ended_at", "late", "late_campaigns"])
    DemandDecision.objects.filter(overload=row, kind=DecisionKind.RESERVE, ended_at=None).update(ended_at=scene.at)
    send_back_helpers()
    record_audit("demand.fits", actor=None, data={"most_late": row.most_late})
    _tell(scene, INFO, FITS_AGAIN)
    tell_demand(row.organization_id)


def _note(row: Overload, found: Reckoning) -> None:
    """Write down how it stands, if that has changed."""
    now_late = {str(pk): late for pk, late in found.late_campaigns.items()}
    if (row.waiting, row.late, row.ends_at, row.late_campaigns) == (found.waiting, found.late, found.ends_at, now_late):
        return
    row.waiting, row.late, row.ends_at, row.late_campaigns = found.waiting, found.late, found.ends_at, now_late
    row.most_late = max(row.most_late, found.late)
    row.save(update_fields=["waiting", "late", "ends_at", "late_campaigns", "most_late"])
    tell_demand(row.organization_id)


def call_reserve(row: Overload, scene: Scene) -> int:
    """Call as many of the reserve as the settings and people want; none is sent back before the overload ends."""
    if scene.settings.help == Help.NEVER:
        return send_back_helpers() if scene.helpers else 0
    late = [UUID(pk) for pk in row.late_campaigns]
    helping, wanted = scene.helpers, _wanted(row, scene, late)
    return call(late, scene, [*helping, *wanted]) if late and (helping or wanted) else 0


def _wanted(row: Overload, scene: Scene, late: list[UUID]) -> list[Channel]:
    """Return who should be called beside those who help already: as many as people decided, or as close the gap."""
    calls = DemandDecision.objects.filter(overload=row, kind=DecisionKind.RESERVE)
    decided: DemandDecision | None = calls.order_by("-at", "-pk").first()
    if decided is not None and (decided.by_id or decided.ended_at):
        missing = 0 if decided.ended_at else decided.numbers - len(scene.helpers)
        return candidates(scene, late)[: max(0, missing)]
    found = enough(scene, late) if scene.settings.help == Help.ITSELF else []
    if found:
        numbers = len(scene.helpers) + len(found)
        DemandDecision.objects.update_or_create(
            organization_id=row.organization_id, overload=row, kind=DecisionKind.RESERVE, ended_at=None,
            defaults={"numbers": numbers},
        )  # fmt: skip
    return found


def _working(scene: Scene, found: Reckoning) -> list[Channel]:
    """Return the numbers that send for campaigns that are late."""
    ids = {pk for one in found.late_campaigns for pk in scene.serving(one)}
    return [scene.channels[pk] for pk in sorted(ids)]


def _tell(scene: Scene, level: str, code: str) -> None:
    """Ring the bell, which tells of numbers: one of those that send carries it."""
    ids = {link.channel_id for link in scene.links}
    carrier = next((one for pk, one in scene.channels.items() if pk in ids), None)
    carrier = carrier or Channel.objects.filter(Q(removed_at=None)).order_by("created_at").first()
    if carrier is not None:
        alert(carrier, level, code)


def tell_demand(organization_id: UUID | str) -> None:
    """Let open pages look again at what is late."""
    signal(organization_id, TOPIC)
