"""Numbers that die in the middle of a campaign: a standby of the campaign takes over, without a person, and it is written down.

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
from campaigns.models import Campaign
from campaigns.services.bell import ring_senders
from campaigns.services.transitions import tell_pages
from core.live import signal
from core.tenancy import activate_organization
from gateways.models import Channel, ChannelEvent

GRACE_SECONDS = 15

_IS_DEAD = """(ch.removed_at IS NOT NULL OR ch.role = 'retired' OR ch.state = 'restricted'
  OR (ch.state IN ('disconnected', 'qr_required', 'connecting')
      AND COALESCE(ch.state_at, ch.created_at) < clock_timestamp() - make_interval(secs => %(grace)s)))"""

# As many standbys serve as there are dead numbers, the oldest standby first; when numbers come back, standbys step back.
_ARRANGE = f"""
WITH link AS (
  SELECT cc.id, cc.campaign_id, cc.took_over_at, ch.created_at, ch.role IN ('standby', 'warming') AS is_standby, {_IS_DEAD} AS is_dead,
         ch.state = 'connected' AS is_ready
  FROM campaigns_campaignchannel cc
  JOIN campaigns_campaign c ON c.id = cc.campaign_id AND c.state = 'running'
  JOIN gateways_channel ch ON ch.id = cc.channel_id
), need AS (
  SELECT campaign_id, count(*) FILTER (WHERE is_dead AND NOT is_standby) AS dead FROM link GROUP BY campaign_id
), ranked AS (
  SELECT link.id, link.took_over_at, need.dead,
         row_number() OVER (PARTITION BY link.campaign_id
                            ORDER BY link.took_over_at IS NULL, link.created_at, link.id) AS place
  FROM link JOIN need USING (campaign_id)
  WHERE link.is_standby AND NOT link.is_dead AND (link.is_ready OR link.took_over_at IS NOT NULL)
), change AS (
  SELECT id, CASE WHEN place <= dead THEN clock_timestamp() END AS took_over_at FROM ranked
  WHERE (place <= dead) <> (took_over_at IS NOT NULL)
  UNION ALL
  SELECT id, NULL FROM link WHERE is_standby AND is_dead AND took_over_at IS NOT NULL
)
UPDATE campaigns_campaignchannel cc SET took_over_at = change.took_over_at
FROM change WHERE cc.id = change.id
RETURNING cc.organization_id, cc.campaign_id, cc.channel_id, cc.took_over_at IS NOT NULL
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
    for organization_id, campaign_id, channel_id, serves in changes:
        _write_down(organization_id, campaign_id, channel_id, serves=serves)
    return len(changes)


def _write_down(organization_id: UUID, campaign_id: UUID, channel_id: UUID, *, serves: bool) -> None:
    with activate_organization(organization_id):
        campaign = Campaign.objects.get(pk=campaign_id)
        channel = Channel.objects.get(pk=channel_id)
        with translation.override(Organization.objects.get(pk=organization_id).language):
            detail = (
                _("Took over in the campaign %(name)s.") if serves else _("No longer needed in the campaign %(name)s.")
            )
        ChannelEvent.objects.create(
            channel=channel, kind="took_over" if serves else "stepped_back", detail=detail % {"name": campaign.name},
            data={"campaign": str(campaign_id)},
        )  # fmt: skip
        action = "campaign.standby_took_over" if serves else "campaign.standby_stepped_back"
        record_audit(action, actor=None, target=campaign.name, data={"channel": str(channel_id), "name": channel.name})
        tell_pages(campaign)
        signal(organization_id, "channels")
        ring_senders()
