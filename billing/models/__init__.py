from billing.models.charges import MOVES, Charge, ChargeMethod, ChargeProblem, ChargeState, Confirmation
from billing.models.invoices import FiscalInvoice, InvoiceState
from billing.models.plans import Plan, Subscription
from billing.models.settings import FiscalEnvironment, FiscalSettings, IssueMoment, PaymentSettings, TaxRegime
from billing.models.stripe_events import StripeEvent
from billing.models.usage import UsageDay

__all__ = [
    "MOVES",
    "Charge",
    "ChargeMethod",
    "ChargeProblem",
    "ChargeState",
    "Confirmation",
    "FiscalEnvironment",
    "FiscalInvoice",
    "FiscalSettings",
    "InvoiceState",
    "IssueMoment",
    "PaymentSettings",
    "Plan",
    "StripeEvent",
    "Subscription",
    "TaxRegime",
    "UsageDay",
]
