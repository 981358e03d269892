"""Campaign texts in Portuguese: two to four short lines, clearly different from each other, nothing invented."""

from sdr.copywriting.checks import acceptable, difference, distinct, sift, similarity
from sdr.copywriting.grammar import generate_copy, services_in
from sdr.copywriting.kinds import CopyKind

__all__ = ["CopyKind", "acceptable", "difference", "distinct", "generate_copy", "services_in", "sift", "similarity"]
