from billing.invoices.cancelling import cancel_invoice
from billing.invoices.issuing import InvoiceRequest, invoice_ref, is_ready, issue_invoice

__all__ = ["InvoiceRequest", "cancel_invoice", "invoice_ref", "is_ready", "issue_invoice"]
