"""Numbers that die in the middle of a campaign: a standby of the campaign takes over, without a person, and it is written down.

Standbys that were called because there is more to send than fits (:mod:`campaigns.overload`) serve beside the others.

A number is dead when it was restricted or removed, or when it has been disconnected for longer than a gateway's restart.
Contacts who belong to a dead number, or to a standby that has stepped back, go to the others; nobody else changes numbers.
"""

from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Organization
from accounts.services.audit import record_audit
from campaigns.models import Campaign, CampaignChannel
from campaigns.services.bell import ring_senders
from campaigns.services.transitions import tell_pages
from core.live import signal
from core.tenancy import activate_organization
from gateways.models import Channel, ChannelEvent

GRACE_SECONDS = 15
ARRANGEMENTS = "campaigns.numbers"
"""The lock of whoever changes which standbys serve."""

_IS_DEAD = """(ch.removed_at IS NOT NULL OR ch.role = 'retired' OR ch.state = 'restricted'
  OR (ch.state IN ('disconnected', 'qr_required', 'connecting')
      AND COALESCE(ch.state_at, ch.created_at) < clock_timestamp() - make_interval(secs => %(grace)s)))"""

# Who was called to help does so only while nothing speaks against it: it is nobody's stand-in, and was not restricted of late.
_MAY_HELP = """(cc.helps_since IS NOT NULL AND ch.role = 'standby' AND ch.stands_in_for_id IS NULL
  AND (ch.restricted_until IS NULL OR ch.restricted_until <= clock_timestamp())
  AND (ch.careful_until IS NULL OR ch.careful_until <= clock_timestamp()))"""

# As many standbys serve as there are dead numbers, the oldest standby first, and those that only help last of all; when numbers come
# back, standbys step back. Beside them serve those that were called to help. Who takes a dead number's place helps no more.
_ARRANGE = f"""
WITH link AS (
  SELECT cc.id, cc.campaign_id, cc.took_over_at, cc.helps_since, ch.created_at, ch.role IN ('standby', 'warming') AS is_standby,
         {_IS_DEAD} AS is_dead, ch.state = 'connected' AS is_ready, {_MAY_HELP} AS may_help
  FROM campaigns_campaignchannel cc
  JOIN campaigns_campaign c ON c.id = cc.campaign_id AND c.state = 'running'
  JOIN gateways_channel ch ON ch.id = cc.channel_id
), need AS (
  SELECT campaign_id, count(*) FILTER (WHERE is_dead AND NOT is_standby) AS dead FROM link GROUP BY campaign_id
), ranked AS (
  SELECT link.*, need.dead,
         row_number() OVER (PARTITION BY link.campaign_id
                            ORDER BY link.helps_since IS NOT NULL, link.took_over_at IS NULL, link.created_at, link.id) AS place
  FROM link JOIN need USING (campaign_id)
  WHERE link.is_standby AND NOT link.is_dead AND (link.is_ready OR link.took_over_at IS NOT NULL)
), change AS (
  SELECT id, COALESCE(took_over_at, clock_timestamp()) AS took_over_at, NULL::timestamptz AS helps_since, true AS is_news
  FROM ranked WHERE place <= dead AND (took_over_at IS NULL OR helps_since IS NOT NULL)
  UNION ALL
  SELECT id, clock_timestamp(), helps_since, true FROM ranked WHERE place > dead AND may_help AND took_over_at IS NULL
  UNION ALL
  SELECT id, NULL, NULL, took_over_at IS NOT NULL FROM ranked
  WHERE place > dead AND NOT may_help AND (took_over_at IS NOT NULL OR helps_since IS NOT NULL)
  UNION ALL
  SELECT id, NULL, NULL, took_over_at IS NOT NULL FROM link
  WHERE is_standby AND is_dead AND (took_over_at IS NOT NULL OR helps_since IS NOT NULL)
)
UPDATE campaigns_campaignchannel cc SET took_over_at = change.took_over_at, helps_since = change.helps_since
FROM change WHERE cc.id = change.id
RETURNING cc.organization_id, cc.campaign_id, cc.channel_id,
          CASE WHEN cc.helps_since IS NOT NULL THEN 'helps' WHEN cc.took_over_at IS NOT NULL THEN 'took_over' ELSE 'stepped_back' END,
          change.is_news
"""

_UNPIN = f"""
UPDATE campaigns_recipient r SET channel_id = NULL, pinned = false
FROM campaigns_campaignchannel cc
JOIN campaigns_campaign c ON c.id = cc.campaign_id AND c.state = 'running'
JOIN gateways_channel ch ON ch.id = cc.channel_id
WHERE r.campaign_id = cc.campaign_id AND r.channel_id = cc.channel_id AND r.state = 'queued'
  AND ({_IS_DEAD} OR (ch.role = 'standby' AND cc.took_over_at IS NULL))
"""


@transaction.atomic
def arrange_standbys() -> int:
    """Let standbys take over from dead numbers and step back for live ones; return how many changed."""
    with connection.cursor() as cursor:
        cursor.execute(_ARRANGE, {"grace": GRACE_SECONDS})
        changes: list[Any] = cursor.fetchall()
        cursor.execute(_UNPIN, {"grace": GRACE_SECONDS})
    news = [row[:4] for row in changes if row[4]]
    for organization_id, campaign_id, channel_id, kind in news:
        _write_down(organization_id, campaign_id, channel_id, kind)
    return len(changes)


@transaction.atomic
def send_back_helpers() -> int:
    """Let all numbers that help in the active organization step back into the reserve; return how many there were."""
    hold_arrangements()
    rows = CampaignChannel.objects.exclude(helps_since=None)
    links = list(rows)
    rows.update(helps_since=None, took_over_at=None)
    for link in links:
        if link.took_over_at:
            _write_down(link.organization_id, link.campaign_id, link.channel_id, "stepped_back")
    if links:
        arrange_standbys()
    return len({link.channel_id for link in links})


def hold_arrangements() -> None:
    """Wait until nobody else arranges standbys, for the length of the transaction; two orders of locks would stop each other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 2))", [ARRANGEMENTS])


def _write_down(organization_id: UUID, campaign_id: UUID, channel_id: UUID, kind: str) -> None:
    with activate_organization(organization_id):
        campaign = Campaign.objects.get(pk=campaign_id)
        channel = Channel.objects.get(pk=channel_id)
        with translation.override(Organization.objects.get(pk=organization_id).language):
            detail = _words()[kind] % {"name": campaign.name}
        ChannelEvent.objects.create(channel=channel, kind=kind, detail=detail, data={"campaign": str(campaign_id)})
        action, data = f"campaign.standby_{kind}", {"channel": str(channel_id), "name": channel.name}
        record_audit(action, actor=None, target=campaign.name, data=data)
        tell_pages(campaign)
        signal(organization_id, "channels")
        ring_senders()


def _words() -> dict[str, str]:
    return {
        "took_over": _("Took over in the campaign %(name)s."),
        "helps": _("Helps in the campaign %(name)s, because there is more to send than fits."),
        "stepped_back": _("No longer needed in the campaign %(name)s."),
    }
