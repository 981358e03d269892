"""Campaign texts from the business's own words: by OpenAI where a key exists, else by the local grammar."""

from collections.abc import Sequence

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.services.secrets_store import get_secret
from core.errors import DomainError
from sdr.contract import ModelAnswerError, ModelUnavailableError
from sdr.models import SdrProfile
from sdr.providers.copywriting import OpenAiCopywriter, distinct, generate_copy
from sdr.services.profiles import get_profile


class CopyUnavailableError(DomainError):
    """No text could be written."""

    status = 503


class MissingContextError(DomainError):
    """Nothing is known of the business to write about."""

    status = 422


def write_copy(business_context: str, product_service: str, *, count: int = 3, than: Sequence[str] = ()) -> list[str]:
    """Return ``count`` texts of two to four short lines, clearly different from each other and from ``than``."""
    profile = get_profile()
    if not (business_context.strip() or product_service.strip() or profile.services):
        raise MissingContextError(_("Tell something about your business first."))
    key = (get_secret("openai") or settings.OPENAI_API_KEY) if profile.provider == "openai" else ""
    written = _by_openai(key, profile, business_context, product_service, count) if key else []
    texts = distinct(written, than=than)
    # What the model wrote too much alike, or outside the form, is made up for by the grammar.
    own = _locally(profile, business_context, product_service, count, [*than, *texts]) if len(texts) < count else []
    # Where every text of the grammar is in use already, an old one again is better than an empty field.
    return [*texts, *own][:count] or _locally(profile, business_context, product_service, count, [])


def _locally(profile: SdrProfile, context: str, product: str, count: int, than: Sequence[str]) -> list[str]:
    services = [item["name"] for item in profile.services]
    return generate_copy(
        context, product, count=count, business_name=profile.business_name, services=services, than=than
    )


def _by_openai(key: str, profile: SdrProfile, context: str, product: str, count: int) -> list[str]:
    writer = OpenAiCopywriter(
        api_key=key, model=profile.model or settings.OPENAI_MODEL, base_url=settings.OPENAI_BASE_URL
    )
    try:
        texts, _usage = writer.generate_copy(context, product, count=count)
    except (ModelUnavailableError, ModelAnswerError) as error:
        raise CopyUnavailableError(_("The AI did not answer. Check the key in Settings or try again.")) from error
    return texts
