"""Campaigns in the public API."""

from ninja import Router

from campaigns.api import campaigns, figures, series

router = Router(tags=["campaigns"])
for part in (campaigns.router, series.router, figures.router):
    router.add_router("", part)
plain_router = figures.plain_router
