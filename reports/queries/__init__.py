"""What the dashboard reads."""

from reports.queries.overview import Figure, Overview, overview
from reports.queries.panels import (
    FirstSteps,
    HotLead,
    Temperatures,
    first_steps,
    hot_and_waiting,
    hot_leads,
    temperatures,
)

__all__ = [
    "Figure",
    "FirstSteps",
    "HotLead",
    "Overview",
    "Temperatures",
    "first_steps",
    "hot_and_waiting",
    "hot_leads",
    "overview",
    "temperatures",
]
