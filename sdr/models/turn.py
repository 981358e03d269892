from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned
from conversations.models import Conversation


class TurnState(models.TextChoices):
    WAITING = "waiting", _("waiting for quiet")
    THINKING = "thinking", _("thinking")
    ANSWERED = "answered", _("answered")
    ABORTED = "aborted", _("aborted")
    FAILED = "failed", _("failed")


OPEN_STATES = (TurnState.WAITING, TurnState.THINKING)


class ReplyTurn(OrganizationOwned):
    """One burst of a contact's messages and the one answer to it.

    ``wake_at`` moves with each new message up to ``deadline_at``; at most one turn per conversation is unfinished.
    ``opened_at`` is when an agent began to work who was away when the burst came: what lay until then does not count as late.
    ``sources`` is ``[{"title", "document_id"}]``: what the answer was taken from.
    """

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=8, choices=TurnState, default=TurnState.WAITING)
    last_message_id = models.UUIDField()
    wake_at = models.DateTimeField()
    deadline_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    reply_message_id = models.UUIDField(null=True)
    sources = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    outcome = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("reply turn")
        verbose_name_plural = _("reply turns")
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(state__in=["waiting", "thinking"]), name="turn_open_once"
            )
        ]
        indexes = [models.Index(fields=["wake_at"], condition=Q(state__in=["waiting", "thinking"]), name="turn_due")]

    def __str__(self) -> str:
        return f"{self.conversation_id}: {self.state}"

    def wait_again(self, at: datetime, *, quiet_seconds: int) -> None:
        """Wait for another quiet moment, up to the deadline; what is being thought now is no longer wanted."""
        self.wake_at = min(at + timedelta(seconds=quiet_seconds), max(self.deadline_at, at))
        self._lay_down()

    def wait_until(self, opening: datetime) -> None:
        """Wait for whoever answers to begin work; a message that comes meanwhile is looked at after its own quiet moment."""
        self.wake_at = self.opened_at = opening
        self._lay_down()

    def _lay_down(self) -> None:
        # With the lease left in place the next look would skip the turn until it runs out.
        self.state, self.fence, self.lease_until, self.attempts = TurnState.WAITING, self.fence + 1, None, 0
