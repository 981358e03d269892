"""The body of a national NFS-e (``/v2/nfsen``, flat fields), which MEI have to use and most cities have joined."""

from typing import Any, Final

import orjson

from billing.providers.focus_nfe.contract import InvoiceOrder

PROVIDER_ISSUES: Final = 1
TAXABLE: Final = 1
NOT_WITHHELD: Final = 1
NO_SPECIAL_REGIME: Final = 0
SMALL_IN_SIMPLES: Final = 3
BY_SIMPLES: Final = 1
LONGEST_DESCRIPTION: Final = 1000
AMOUNT: Final = "valor_servico"


def fields_of(order: InvoiceOrder) -> dict[str, Any]:
    """Return every field but the amount, which is whole cents until it is written by :func:`body_of`."""
    fields: dict[str, Any] = {
        "data_emissao": order.issued_at.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "data_competencia": order.issued_at.strftime("%Y-%m-%d"),
        "emitente_dps": PROVIDER_ISSUES,
        "codigo_municipio_emissora": int(order.municipality_code),
        "cnpj_prestador": order.provider_document,
        "codigo_opcao_simples_nacional": order.tax_regime,
        "regime_especial_tributacao": NO_SPECIAL_REGIME,
        "codigo_municipio_prestacao": int(order.municipality_code),
        "codigo_tributacao_nacional_iss": order.service_code,
        "descricao_servico": order.description[:LONGEST_DESCRIPTION],
        "tributacao_iss": TAXABLE,
        "tipo_retencao_iss": NOT_WITHHELD,
    }
    if order.tax_regime == SMALL_IN_SIMPLES:
        fields["regime_tributario_simples_nacional"] = BY_SIMPLES
    if order.municipal_registration:
        fields["inscricao_municipal_prestador"] = order.municipal_registration
    return fields | _taker(order)


def body_of(fields: dict[str, Any], amount_cents: int) -> bytes:
    """Return the JSON to send, with the amount as an exact decimal: ``4990`` is written ``49.90``."""
    amount = orjson.Fragment(f"{amount_cents // 100}.{amount_cents % 100:02d}")
    return orjson.dumps(fields | {AMOUNT: amount})


def _taker(order: InvoiceOrder) -> dict[str, Any]:
    # Without a document the taker is left out whole: the layout knows no half-named one.
    if not order.taker_document:
        return {}
    name = "cpf_tomador" if len(order.taker_document) == 11 else "cnpj_tomador"
    taker = {name: order.taker_document, "razao_social_tomador": order.taker_name}
    return taker | ({"email_tomador": order.taker_email} if order.taker_email else {})
