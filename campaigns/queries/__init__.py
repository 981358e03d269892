"""What pages and the API read of campaigns."""

from campaigns.queries.figures import (
    CampaignStats,
    Part,
    channel_figures,
    get_campaign,
    recipients,
    skipped_reasons,
    stats,
    stats_of,
    tally,
    variant_figures,
)
from campaigns.queries.forecast import eta
from campaigns.queries.waiting import pause_words, waiting_note, waiting_reasons, waits

__all__ = [
    "CampaignStats",
    "Part",
    "channel_figures",
    "eta",
    "get_campaign",
    "pause_words",
    "recipients",
    "skipped_reasons",
    "stats",
    "stats_of",
    "tally",
    "variant_figures",
    "waiting_note",
    "waiting_reasons",
    "waits",
]
