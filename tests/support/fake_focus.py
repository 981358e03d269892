"""A Focus NFe on loopback: tokens, references that are unique, a city hall that answers later, documented refusals."""

import base64
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.loopback import JsonHandler, listening

TOKEN = "focusToken1234567890abcdef"
REQUIRED = {
    "data_emissao": str, "data_competencia": str, "emitente_dps": int, "codigo_municipio_emissora": int,
    "cnpj_prestador": str, "codigo_opcao_simples_nacional": int, "regime_especial_tributacao": int,
    "codigo_municipio_prestacao": int, "codigo_tributacao_nacional_iss": str, "descricao_servico": str,
    "valor_servico": str, "tributacao_iss": int, "tipo_retencao_iss": int,
}  # fmt: skip
OPTIONAL = {
    "cpf_tomador", "cnpj_tomador", "razao_social_tomador", "email_tomador", "inscricao_municipal_prestador",
    "regime_tributario_simples_nacional",
}  # fmt: skip


@dataclass
class FakeFocus:
    """``documents`` by reference; ``amounts`` are the digits as they were sent. ``decide`` is the city hall."""

    url: str = ""
    token: str = TOKEN
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    bodies: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    issued: Counter[str] = field(default_factory=Counter)
    cancelled: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    decides_at_once: bool = True
    refuses: str = ""
    refuses_cancelling: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def decide(self, ref: str) -> None:
        """The city hall has looked at an invoice."""
        document = self.documents[ref]
        if document["status"] != "processando_autorizacao":
            return
        if self.refuses:
            document |= {"status": "erro_autorizacao", "erros": [{"codigo": "E001", "mensagem": self.refuses}]}
            return
        number = str(len(self.issued) + 1)
        self.issued[ref] += 1
        document |= {
            "status": "autorizado", "numero": number, "codigo_verificacao": "ABC1", "erros": None,
            "url": f"https://nfse.example/{number}", "url_danfse": f"/arquivos/{number}.pdf",
            "caminho_xml_nota_fiscal": f"/arquivos/{number}.xml", "data_emissao": "2026-11-20T10:00:00-0300",
        }  # fmt: skip

    def answer(self, method: str, path: str, query: str, body: bytes, authorization: str) -> tuple[int, Any]:
        with self._lock:
            self.calls[method] += 1
            expected = base64.b64encode(f"{self.token}:".encode()).decode()
            if authorization != f"Basic {expected}":
                return 401, {"codigo": "permissao_negada", "mensagem": "Token inválido"}
            if path == "/v2/nfsen" and method == "POST":
                return self._issue(parse_qs(query).get("ref", [""])[0], body)
            ref = path.removeprefix("/v2/nfsen/")
            if ref not in self.documents:
                return 404, {"codigo": "nao_encontrado", "mensagem": "Nota fiscal não encontrada"}
            if method == "DELETE":
                return self._cancel(ref, body)
            return 200, self.documents[ref]

    def _issue(self, ref: str, body: bytes) -> tuple[int, Any]:
        if not ref.isalnum():
            return 400, {"codigo": "requisicao_invalida", "mensagem": "Parâmetro 'ref' inválido"}
        sent = json.loads(body, parse_float=str, parse_int=lambda digits: int(digits))
        wrong = [n for n, kind in REQUIRED.items() if not isinstance(sent.get(n), kind)]
        wrong += [n for n in sent if n not in REQUIRED and n not in OPTIONAL]
        if wrong:
            return 422, {
                "codigo": "requisicao_invalida",
                "mensagem": "Campos inválidos",
                "erros": [{"mensagem": n} for n in wrong],
            }
        known = self.documents.get(ref, {}).get("status")
        if known in ("processando_autorizacao", "autorizado", "cancelado"):
            return 422, {"codigo": "already_processed", "mensagem": "A nota fiscal já foi enviada"}
        self.bodies[ref] = sent
        self.documents[ref] = {
            "cnpj_prestador": sent["cnpj_prestador"],
            "ref": ref,
            "status": "processando_autorizacao",
        }
        accepted = dict(self.documents[ref])
        if self.decides_at_once:
            self.decide(ref)
        return 202, accepted

    def _cancel(self, ref: str, body: bytes) -> tuple[int, Any]:
        reason = json.loads(body).get("justificativa", "")
        if not 15 <= len(reason) <= 255:
            return 422, {"codigo": "requisicao_invalida", "mensagem": "justificativa deve ter de 15 a 255 caracteres"}
        document = self.documents[ref]
        if document["status"] != "autorizado":
            return 422, {"codigo": "nfe_nao_autorizada", "mensagem": "Nota não autorizada não pode ser cancelada"}
        if self.refuses_cancelling:
            erros = [{"codigo": "E840", "mensagem": self.refuses_cancelling}]
            return 200, {"ref": ref, "status": "erro_cancelamento", "erros": erros}
        document["status"] = "cancelado"
        self.cancelled[ref] += 1
        return 200, {"ref": ref, "status": "cancelado", "caminho_xml_cancelamento": "/arquivos/c.xml"}


DOWN_PAGE = b"<html>manutencao</html>"


@contextmanager
def fake_focus() -> Iterator[FakeFocus]:
    """Serve a new account on a free port."""
    fake = FakeFocus()

    class Handler(JsonHandler):
        protocol_version = "HTTP/1.1"

        def serve(self) -> None:
            body = self.body()
            fault = fake.faults.pop(0) if fake.faults else ""
            if fault == "cut_before":
                self.close_connection = True
                return None
            if fault in ("503", "429"):
                return self.write(int(fault), {"codigo": "erro", "mensagem": "agora não"})
            parts = urlsplit(self.path)
            answer = fake.answer(self.command, parts.path, parts.query, body, self.headers.get("Authorization", ""))
            if fault == "cut":
                self.close_connection = True
                return None
            if fault == "html":
                return self.write(200, DOWN_PAGE)
            return self.write(answer[0], DOWN_PAGE if answer[1] is None else answer[1])

    with listening(Handler) as fake.url:
        yield fake
