"""What became of the leads that the SDR talked to."""

from sdr.insights.figures import PERIODS, Insights

__all__ = ["PERIODS", "Insights"]
