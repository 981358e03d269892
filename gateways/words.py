"""States, waits and warnings of a number in the words of its owner: first the fact, then the next step."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from core.clock import now
from gateways.models import Channel, ChannelRole, ChannelState
from gateways.pacing import Wait, is_warming
from gateways.services.evidence import BANNED_AFTER_FAILURES, FAILED_ACKS, NO_ACKS, SILENT_AFTER_SENDS
from gateways.services.states import BY_HAND, rests_until


@dataclass(frozen=True)
class Badge:
    """A state as a coloured word; ``tone`` is one of the design language's."""

    tone: str
    word: str


def badge(channel: Channel, at: datetime) -> Badge:
    """Return the state of a number in one word."""
    match channel.state:
        case ChannelState.CONNECTED:
            return _badge_connected(channel, at)
        case ChannelState.QR_REQUIRED:
            return Badge("warning", pgettext("number", "Waiting for the QR code"))
        case ChannelState.CONNECTING:
            return Badge("info", pgettext("number", "Connecting"))
        case ChannelState.RESTRICTED:
            return Badge("danger", pgettext("number", "Resting"))
        case ChannelState.PAUSED:
            return Badge("", pgettext("number", "Paused"))
    return Badge("danger", pgettext("number", "Disconnected"))


def _badge_connected(channel: Channel, at: datetime) -> Badge:
    if channel.silent_since is not None:
        # Connected is what the server says; that nothing is confirmed is what is seen.
        return Badge("danger", pgettext("number", "Nothing confirmed"))
    if channel.paused_until and channel.paused_until > at:
        return Badge("warning", pgettext("number", "On a break"))
    if channel.stands_in_for_id:
        return Badge("success", pgettext("number", "Standing in"))
    if channel.role == ChannelRole.STANDBY:
        return Badge("info", pgettext("number", "Standby"))
    return (
        Badge("info", pgettext("number", "Warming up"))
        if is_warming(channel, at)
        else Badge("success", pgettext("number", "Active"))
    )


def explanation(channel: Channel, at: datetime) -> str:
    """Return why a number is not simply working and what comes next; empty when it is."""
    match channel.state:
        case ChannelState.CONNECTED:
            return _silent(channel)
        case ChannelState.QR_REQUIRED:
            return _("Open WhatsApp on the phone and scan the code.")
        case ChannelState.CONNECTING:
            return _("The server is opening the session. This takes a few seconds.")
        case ChannelState.PAUSED:
            return _("You paused this number. It sends nothing until you resume it.")
        case ChannelState.RESTRICTED:
            return _restricted(channel, at)
    return _disconnected(channel.state_reason)


def _silent(channel: Channel) -> str:
    if channel.silent_since is None:
        return ""
    count = channel.unacked_sends
    return ngettext(
        "Connected, but the last message was not confirmed yet.",
        "Connected, but none of the last %(count)d messages was confirmed yet.",
        count,
    ) % {"count": count}


def _restricted(channel: Channel, at: datetime) -> str:
    until = moment(max(rests_until(channel), at))
    if channel.state_reason == FAILED_ACKS:
        return _(
            "WhatsApp refused the last %(count)d messages, a sign of a restriction. "
            "The number rests until %(until)s at least and goes on at half pace."
        ) % {"count": BANNED_AFTER_FAILURES, "until": until}
    if channel.state_reason == "ban_permanent":
        return _("WhatsApp blocked this number for good. Connect another one in its place.")
    return _("WhatsApp restricted this number. It rests until %(until)s at least and goes on at half pace.") % {
        "until": until
    }


def _disconnected(reason: str) -> str:
    code = reason.split(":")[0].strip()
    known = {
        NO_ACKS: _(
            "The server says connected, but none of the last %(count)d messages was confirmed. "
            "The session is opened anew in a while."
        )
        % {"count": SILENT_AFTER_SENDS},
        BY_HAND: _("You disconnected this number. Scan a new QR code to use it again."),
        "unauthorised": _("The server refuses the key. Check the access details."),
        "401": _("The server refuses the key. Check the access details."),
        "403": _("The server refuses the key. Check the access details."),
        "unreachable": _("The server does not answer. We keep trying."),
        "unsure": _("The server fails while sending. We ask again in a moment."),
        "no session": _("The server does not know this session. We try to open it."),
        "FAILED": _("WhatsApp ended the session, which can be a block. We try to open it again."),
        "STOPPED": _("The session is stopped on the server. We try to open it."),
        "permission": _("The token may not do this. Give it the permissions of the guide and save it again."),
        "131042": _("Meta waits for a payment method on your account."),
        "131037": _("Meta has not approved the display name of this number yet."),
        "131045": _("The number is not registered with Meta. Register it in the panel."),
        "131057": _("Meta is doing maintenance on the account. We keep trying."),
        "131005": _("Meta refuses access to this number. Check the token."),
        "PENDING": _("Meta has not finished setting this number up."),
        "no webhook": _("The bot does not call us any more. We set it up again."),
        "logout": _("The phone ended the connection. Scan a new QR code."),
        "removed": _("The instance was removed on the server. We create it again when you connect."),
        "outdated": _("The server is too old for WhatsApp and must be updated."),
    }
    return known.get(code, _("The connection is down. We keep trying."))


def warning(code: str) -> str:
    """Return what the provider's server does wrong although it works; empty for no warning."""
    known = {
        "": "",
        "key_ignored": _(
            "The server answers without the right key, so anybody can use it. Protect it with WAHA_API_KEY."
        ),
        "meta_flagged": _("Meta flagged this number: people block or report it. Write less and only to who knows you."),
        "meta_rate_limited": _("Meta slowed this number down for a while."),
        "meta_quality_red": _("Meta rates the quality of this number as low. Its limit may fall."),
        "public_key": _(
            "The server has the key of the published example, which everybody knows. Give it one of your own."
        ),
    }
    if code.startswith("telegram: "):
        return _("Telegram could not reach us: %(reason)s") % {"reason": code.removeprefix("telegram: ")}
    return known.get(code, code)


def waiting(wait: Wait | None, zone: str) -> str:
    """Return what the number is waiting for."""
    if wait is None:
        return _("Free to send")
    until = moment(wait.until) if wait.until else ""
    match wait.code:
        case "gap":
            seconds = max(1, round((wait.until - now()).total_seconds())) if wait.until else 1
            return ngettext("Next message in %(count)d s", "Next message in %(count)d s", seconds) % {"count": seconds}
        case "quiet_hours":
            return _("Quiet hours, back at %(until)s") % {"until": until}
        case "daily_cap":
            return _("Today's cap is reached, back at %(until)s") % {"until": until}
        case "portfolio_limit":
            return _("Meta's limit of people is reached, back at %(until)s") % {"until": until}
        case "rest":
            return _("Resting until %(until)s, as the server asked") % {"until": until}
    return _("Sends nothing now")


def moment(at: datetime) -> str:
    """Return a local time of day, with the day when it is not today: ``9h30``, ``sat 21, 9h30``."""
    local = timezone.localtime(at)
    clock = formats.time_format(local, "H:i")
    if local.date() == timezone.localdate():
        return clock
    return _("%(day)s at %(time)s") % {"day": formats.date_format(local, "D d/m"), "time": clock}


def event_detail(kind: str, detail: str) -> str:
    """Return what is told beside the title of an event: its own words, or what a code means."""
    known = {
        FAILED_ACKS: _("WhatsApp refused %(count)d messages in a row.") % {"count": BANNED_AFTER_FAILURES},
        NO_ACKS: _("None of the last %(count)d messages was confirmed.") % {"count": SILENT_AFTER_SENDS},
        "ban": _("Blocked by WhatsApp."), "ban_permanent": _("Blocked by WhatsApp for good."), BY_HAND: _("By hand."),
        "removed": "",
    }  # fmt: skip
    return known.get(detail, detail) if kind in ChannelState.values else detail


def event_title(kind: str) -> str:
    """Return what happened to a number, for its history."""
    titles = {
        "connected": pgettext("number", "Connected"),
        "connecting": pgettext("number", "Connecting"),
        "qr_required": _("A QR code is needed"),
        "disconnected": pgettext("number", "Disconnected"),
        "restricted": pgettext("number", "Restricted"),
        "paused": pgettext("number", "Paused"),
        "resumed": pgettext("number", "Resumed"),
        "rest": _("The server asked for a break"),
        "test": _("Test message"),
        "took_over": pgettext("number", "Took over"),
        "replaced": pgettext("number", "Replaced"),
        "stepped_back": pgettext("number", "Back in reserve"),
        "helps": pgettext("number", "Helps because there is more to send than fits"),
        "rotated": pgettext("number", "Rotated"),
        "second_server": _("The second server took over"),
        "first_server": _("Back on the first server"),
        "near_cap": _("Near today's cap"),
        "template": _("Decision about a template"),
        "account": _("Limit or quality changed"),
        "names": _("The names of people could not be read"),
        "stranger": _("Meta spoke of an account that is not connected here"),
    }
    return titles.get(kind, kind)
