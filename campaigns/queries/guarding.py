"""Why a campaign paused by itself because too much went wrong, in words and with the evidence."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import ngettext

from campaigns.models import Campaign

FAILURES, LEAVING = "guard:failures", "guard:leaving"


@dataclass(frozen=True)
class Evidence:
    """``bad`` of the last ``of`` messages failed, or so many people left; ``reasons`` are (how many, code, the provider's words)."""

    kind: str
    bad: int
    of: int
    percent: int
    limit: int
    minutes: int
    at: datetime
    reasons: list[tuple[int, str, str]]

    @property
    def words(self) -> str:
        values = {"bad": self.bad, "of": self.of, "percent": self.percent, "limit": self.limit, "minutes": self.minutes}
        if self.kind == FAILURES:
            text = ngettext(
                "%(bad)d of the last %(of)d messages failed in %(minutes)d min: %(percent)d%%, and the limit is %(limit)d%%.",
                "%(bad)d of the last %(of)d messages failed in %(minutes)d min: %(percent)d%%, and the limit is %(limit)d%%.",
                self.bad,
            )
        else:
            text = ngettext(
                "%(bad)d person blocked you or asked not to receive after the last %(of)d messages, in %(minutes)d min: "
                "%(percent)d%%, and the limit is %(limit)d%%.",
                "%(bad)d people blocked you or asked not to receive after the last %(of)d messages, in %(minutes)d min: "
                "%(percent)d%%, and the limit is %(limit)d%%.",
                self.bad,
            )
        return text % values


def evidence_of(campaign: Campaign) -> Evidence | None:
    """Return by what a campaign was judged that paused by itself; None for one that did not."""
    kept = campaign.watched.get("evidence")
    if not kept or campaign.pause_reason not in (FAILURES, LEAVING):
        return None
    reasons = [(count, code, text) for count, code, text in kept["reasons"]]
    return Evidence(**{**kept, "at": datetime.fromisoformat(kept["at"]), "reasons": reasons})
