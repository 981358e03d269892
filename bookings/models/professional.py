from django.db import models
from django.db.models import Func, Value
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, OrganizationOwned


class Professional(OrganizationOwned):
    """A member whose time can be booked.

    ``number`` comes from a sequence of its own: the constraint against double booking pairs ranges, and there is no
    range of UUIDs in a plain PostgreSQL.
    """

    membership = models.OneToOneField(Membership, on_delete=models.CASCADE, related_name="professional")
    number = models.BigIntegerField(
        unique=True, editable=False,
        db_default=Func(Value("bookings_professional_number"), function="nextval", output_field=models.BigIntegerField()),
    )  # fmt: skip
    name = models.CharField(_("name"), max_length=80)
    is_active = models.BooleanField(_("takes bookings"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("professional")
        verbose_name_plural = _("professionals")
        ordering = ("name",)
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="professional_org_id"),
            models.UniqueConstraint(fields=["id", "number"], name="professional_id_number"),
        ]

    def __str__(self) -> str:
        return self.name
