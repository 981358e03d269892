"""Campaign texts from the business's own words: by the organization's provider, else by the local grammar."""

from collections.abc import Sequence
from dataclasses import replace

from django.utils.translation import gettext as _

from core.errors import DomainError
from sdr.contract import Account, Copy, CopyBrief, Provider
from sdr.copywriting import distinct
from sdr.models import SdrProfile
from sdr.services.asking import ask
from sdr.services.profiles import get_profile


class MissingContextError(DomainError):
    """Nothing is known of the business to write about."""

    status = 422


def write_copy(business_context: str, product_service: str, *, count: int = 3, than: Sequence[str] = ()) -> list[str]:
    """Return ``count`` texts of two to four short lines, clearly different from each other and from ``than``.

    A provider that fails is replaced by the local grammar; the ledger says so.
    """
    profile = get_profile()
    if not (business_context.strip() or product_service.strip() or profile.services):
        raise MissingContextError(_("Tell something about your business first."))
    brief = CopyBrief(
        business_context, product_service, profile.business_name, tuple(item["name"] for item in profile.services),
        tuple(than),
    )  # fmt: skip
    texts = _written(profile, brief, count)
    # What the model wrote too much alike, or outside the form, is made up for by the grammar.
    if len(texts) < count:
        more = replace(brief, than=(*than, *texts))
        texts += _written(profile, more, count - len(texts), locally=True)
    # Where every text of the grammar is in use already, an old one again is better than an empty field.
    return texts or _written(profile, replace(brief, than=()), count, locally=True)


def _written(profile: SdrProfile, brief: CopyBrief, count: int, *, locally: bool = False) -> list[str]:
    def question(provider: Provider, account: Account) -> Copy:
        return provider.write_copy(account, brief, count)

    return distinct(ask(profile, "copy", question, locally=locally).texts, than=brief.than)
