from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, OrganizationOwned
from campaigns.models.campaign import Campaign


class Tally(OrganizationOwned):
    """How many recipients of a campaign stand at one place: the sum of the rows with the same wording, number, state, reason
    and hour of sending.

    A trigger of the database adds rows as recipients change, in the same transaction, so the sums are always exact; nothing
    else writes here but :func:`campaigns.services.tallying.fold`, which turns many rows of a place into one. Rows are only added
    and never changed, so nobody who sends ever waits for another. There are no keys to other tables for the same reason: a
    check of a key would lock the campaign.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="tallies", db_constraint=False, db_index=False
    )
    variant_ref = models.UUIDField(null=True)
    channel_ref = models.UUIDField(null=True)
    state = models.CharField(max_length=9)
    reason = models.CharField(max_length=40)
    hour = models.DateTimeField(null=True)
    people = models.IntegerField()
    replied = models.IntegerField()
    folded = models.BooleanField(default=False, db_default=False)

    class Meta:
        verbose_name = _("count of recipients")
        verbose_name_plural = _("counts of recipients")
        indexes = [
            models.Index(fields=["campaign"], name="tally_campaign"),
            models.Index(fields=["campaign"], condition=Q(folded=False), name="tally_new"),
            models.Index(fields=["organization", "hour"], name="tally_hour"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.people} {self.state}"


class AnswerTally(OrganizationOwned):
    """How many answers a campaign got in an hour, by when they came: kept and summed up as :class:`Tally` is."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="answer_tallies", db_constraint=False, db_index=False
    )
    hour = models.DateTimeField()
    people = models.IntegerField()
    folded = models.BooleanField(default=False, db_default=False)

    class Meta:
        verbose_name = _("count of answers")
        verbose_name_plural = _("counts of answers")
        indexes = [
            models.Index(fields=["campaign", "hour"], name="answers_campaign"),
            models.Index(fields=["campaign"], condition=Q(folded=False), name="answers_new"),
            models.Index(fields=["organization", "hour"], name="answers_hour"),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.people} at {self.hour}"
