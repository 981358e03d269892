from billing.providers.focus_nfe.client import FocusNfe
from billing.providers.focus_nfe.contract import InvoiceOrder, InvoiceReply, InvoiceStatus
from billing.providers.focus_nfe.payload import body_of, fields_of

__all__ = ["FocusNfe", "InvoiceOrder", "InvoiceReply", "InvoiceStatus", "body_of", "fields_of"]
