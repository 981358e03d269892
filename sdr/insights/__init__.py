"""What became of the leads that the SDR talked to; behind each number are the conversations that make it.

A lead belongs to the day on which its talk began, a qualification to the day on which it was reached.
"""

from sdr.insights.behind import rows_behind
from sdr.insights.figures import Insights
from sdr.insights.period import PERIODS, Bucket, Period, Unit

__all__ = ["PERIODS", "Bucket", "Insights", "Period", "Unit", "rows_behind"]
