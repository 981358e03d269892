"""Campaign texts in Portuguese: two to four short lines, clearly different from each other, nothing invented."""

from sdr.copywriting.checks import acceptable, distinct, similarity
from sdr.copywriting.grammar import generate_copy, services_in

__all__ = ["acceptable", "distinct", "generate_copy", "services_in", "similarity"]
