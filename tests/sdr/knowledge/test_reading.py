from collections.abc import Callable
from typing import Any

import pytest

from core.http import Reply, UnsafeUrlError
from sdr.knowledge import web
from sdr.knowledge.docx import MAX_INFLATED
from sdr.knowledge.errors import UnreadableDocumentError
from sdr.knowledge.html import read_html
from sdr.knowledge.pieces import LONGEST, cut
from sdr.knowledge.reading import read_file, read_page
from tests.sdr.knowledge.samples import RULES, W, docx, pdf


def test_a_pdf_is_read_with_its_accents() -> None:
    assert "Aceitamos convênio às terças" in read_file("regras.pdf", pdf("Aceitamos convênio às terças")).text


def test_a_docx_is_read_paragraph_by_paragraph() -> None:
    assert (
        read_file("a.docx", docx("Limpeza: R$ 180,00", "Canal: a combinar")).text
        == "Limpeza: R$ 180,00\nCanal: a combinar"
    )


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_a_text_is_read_in_the_encoding_it_has(encoding: str) -> None:
    assert (
        read_file("a.txt", "Atendemos às terças, é só avisar.".encode(encoding)).text
        == "Atendemos às terças, é só avisar."
    )


ENTITIES = f'<!DOCTYPE w [<!ENTITY a "aaaa">]><w:document {W}><w:body><w:p><w:r><w:t>&a;</w:t></w:r></w:p></w:body></w:document>'


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.exe", b"MZ"), ("a.pdf", b"hello"), ("a.docx", b"PK\x03\x04 nothing"), ("a.txt", b""), ("a.txt", b"   \n"), ("sem-nome", b"x"),
        ("a.pdf", b"%PDF-1.4\nbroken"), ("a.pdf", pdf()), ("a.docx", docx(body=ENTITIES)), ("a.docx", docx(body="<w:document")),
        ("a.docx", docx(body=" " * (MAX_INFLATED + 1))), ("a.txt", b"?!?"), ("a.docx", docx()), ("../../etc/passwd", b"root:x"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_a_reason(name: str, data: bytes) -> None:
    with pytest.raises(UnreadableDocumentError) as refusal:
        read_file(name, data)
    assert refusal.value.message


def test_a_page_is_what_a_visitor_reads() -> None:
    page = (
        "<html><head><title> Preços </title><script>alert(1)</script></head><body><nav>Menu</nav><h1>Limpeza</h1>"
        "<p>A limpeza custa&nbsp;<b>R$&nbsp;180,00</b>.</p><script>x()</script><ul><li>Um</li><li>Dois</li></ul></body></html>"
    )
    assert read_html(page) == ("Preços", "Limpeza\nA limpeza custa R$ 180,00.\nUm\nDois")


Answers = Callable[..., None]


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Answers:
    def answer(*replies: Reply) -> None:
        waiting = list(replies)
        monkeypatch.setattr(web, "check_public_url", lambda url, **_options: None)
        monkeypatch.setattr(web, "request", lambda *_args, **_options: waiting.pop(0))

    return answer


def reply(content: str, kind: str = "text/html; charset=utf-8", status: int = 200, **headers: str) -> Reply:
    return Reply(status, {"content-type": kind, **headers}, content.encode(), "https://loja.example/")


def test_a_page_of_the_site_is_read(answering: Answers) -> None:
    answering(reply("<title>Loja</title><p>Abrimos todos os dias.</p>"))
    found = read_page("https://loja.example/")
    assert (found.title, found.text) == ("Loja", "Abrimos todos os dias.")


def test_a_pdf_behind_an_address_is_read(answering: Answers) -> None:
    answering(Reply(200, {"content-type": "application/octet-stream"}, pdf("Tabela de valores"), ""))
    assert "Tabela de valores" in read_page("https://loja.example/tabela").text


@pytest.mark.parametrize(
    "bad", [reply("x", status=404), reply("x", status=500), reply("x" * 30, kind="image/png"), reply("")]
)
def test_a_page_without_text_is_refused(answering: Answers, bad: Reply) -> None:
    answering(bad)
    with pytest.raises(UnreadableDocumentError):
        read_page("https://loja.example/")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost/", "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://[::1]/",
        "file:///etc/passwd", "http://0x7f000001/", "ftp://example.com/", "http://user:pass@example.com/", "http://192.168.0.1:8000/",
    ],
)  # fmt: skip
def test_an_address_inside_is_never_fetched(url: str, settings: Any) -> None:
    settings.ALLOW_PRIVATE_HOSTS = True
    with pytest.raises(UnsafeUrlError):
        read_page(url)


def test_a_redirect_inside_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(_method: str, url: str, **_options: Any) -> Reply:
        asked.append(url)
        return reply("", status=302, location="http://127.0.0.1:8000/admin/")

    monkeypatch.setattr(web, "request", answer)
    with pytest.raises(UnsafeUrlError):
        read_page("http://93.184.216.34/")
    assert asked == ["http://93.184.216.34/"]


def test_an_endless_redirect_ends(answering: Answers) -> None:
    answering(*[reply("", status=302, location="/de-novo") for _ in range(9)])
    with pytest.raises(UnreadableDocumentError):
        read_page("https://loja.example/")


def test_pieces_are_short_and_keep_heading_and_question_with_the_answer() -> None:
    pieces = cut(RULES)
    assert any("Qual a forma de pagamento?\nPix" in piece for piece in pieces)
    assert any(piece.startswith("Estacionamento\n") for piece in pieces)


def test_a_long_text_is_cut_between_sentences() -> None:
    pieces = cut(" ".join(f"Frase número {number} da lista inteira." for number in range(200)))
    assert len(pieces) > 5
    assert all(len(piece) <= LONGEST and piece.endswith(".") for piece in pieces)


def test_a_text_without_any_gap_is_cut_all_the_same() -> None:
    assert all(len(piece) <= LONGEST for piece in cut("x" * 5000))
