"""Counts in words, as one says them: ``1 pediu``, ``15 pediram``."""

from django.utils.formats import number_format
from django.utils.translation import ngettext, npgettext

from campaigns.models import SkipReason
from campaigns.queries.figures import CampaignStats


def left_out_words(reason: str, count: int) -> str:
    """Return how many people are left out for a reason."""
    words = {
        SkipReason.OPTED_OUT: ngettext("%(count)s asked not to receive", "%(count)s asked not to receive", count),
        SkipReason.STATUS: ngettext(
            "%(count)s with status 0 in the list", "%(count)s with status 0 in the list", count
        ),
        SkipReason.NO_PHONE: ngettext("%(count)s without a phone", "%(count)s without a phone", count),
        SkipReason.UNANSWERED: ngettext(
            "%(count)s did not answer the last campaigns", "%(count)s did not answer the last campaigns", count
        ),
        SkipReason.IN_CAMPAIGN: ngettext(
            "%(count)s waits in another campaign", "%(count)s wait in another campaign", count
        ),
        SkipReason.FREQUENCY: ngettext(
            "%(count)s was written to enough lately", "%(count)s were written to enough lately", count
        ),
        SkipReason.CUSTOMER: ngettext("%(count)s is a customer already", "%(count)s are customers already", count),
        SkipReason.DUPLICATE: ngettext(
            "%(count)s already in this campaign", "%(count)s already in this campaign", count
        ),
        SkipReason.ANONYMISED: ngettext("%(count)s with erased data", "%(count)s with erased data", count),
        SkipReason.EMPTY: ngettext("%(count)s with an empty message", "%(count)s with an empty message", count),
        SkipReason.REPLIED: ngettext("%(count)s answered before", "%(count)s answered before", count),
        SkipReason.BOOKED: ngettext("%(count)s booked before", "%(count)s booked before", count),
        SkipReason.CLOSED: ngettext(
            "%(count)s whose conversation was closed", "%(count)s whose conversation was closed", count
        ),
        SkipReason.CANCELLED: ngettext("%(count)s cancelled", "%(count)s cancelled", count),
    }
    return words.get(SkipReason(reason), "%(count)s") % {
        "count": number_format(count, use_l10n=True, force_grouping=True)
    }


def legend(stats: CampaignStats) -> list[tuple[str, int, str]]:
    """Return the parts of the progress bar: (part, how many, the word after the number)."""
    delivered, sent = stats.only_delivered, stats.only_sent
    unknown = npgettext("counted messages", "to be confirmed", "to be confirmed", stats.unknown)
    found = [
        ("read", stats.read, npgettext("counted messages", "read", "read", stats.read)),
        ("delivered", delivered, npgettext("counted messages", "only delivered", "only delivered", delivered)),
        ("sent", sent, npgettext("counted messages", "only sent", "only sent", sent)),
        ("failed", stats.failed, npgettext("counted messages", "failed", "failed", stats.failed)),
        ("invalid", stats.invalid, npgettext("counted messages", "invalid", "invalid", stats.invalid)),
        ("failed", stats.unknown, unknown),
        ("", stats.pending, npgettext("counted messages", "in line", "in line", stats.pending)),
    ]
    return [part for part in found if part[1] or part[2] != unknown]
