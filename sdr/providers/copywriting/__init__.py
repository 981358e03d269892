"""Campaign texts in Portuguese: two to four short lines, clearly different from each other, nothing invented."""

from sdr.providers.copywriting.checks import acceptable, distinct, similarity
from sdr.providers.copywriting.local import generate_copy, services_in
from sdr.providers.copywriting.openai_copy import OpenAiCopywriter

__all__ = ["OpenAiCopywriter", "acceptable", "distinct", "generate_copy", "services_in", "similarity"]
