"""The public API: each app's router under /api/v1/, and the plain paths that older callers know under /api/."""

from ninja import NinjaAPI

from accounts.api_auth import MemberSessionAuth, TokenAuth
from bookings.api import router as bookings
from bookings.charges.api import router as charges
from campaigns.api import plain_router as campaigns_plain
from campaigns.api import router as campaigns
from campaigns.overload.api import router as demand
from conversations.api import router as conversations
from core.problem import install
from gateways.api import router as gateways
from gateways.status_api import plain_router as gateways_plain
from leads.api import router as leads
from reports.api import plain_router as reports_plain
from sdr.api import plain_router as sdr_plain
from sdr.api import router as sdr

api = NinjaAPI(title="Prosa", version="1", auth=TokenAuth(), urls_namespace="api-v1", docs_url="/docs")
for router in (gateways, leads, campaigns, demand, conversations, sdr, bookings, charges):
    api.add_router("", router)

plain_api = NinjaAPI(
    title="Prosa, plain paths", version="plain", auth=[TokenAuth(), MemberSessionAuth()], urls_namespace="api-plain", docs_url=None,
    openapi_url=None,
)  # fmt: skip
for router in (campaigns_plain, gateways_plain, reports_plain, sdr_plain):
    plain_api.add_router("", router)


install(api)
install(plain_api)
