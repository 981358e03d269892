"""Opt-out words in two levels: clear ones block campaigns, unclear ones only call a person.

"não me mande mais boletos" and "tem como parar a dor?" are not opt-outs.
"""

import re

from core.text import fold
from sdr.contract import OptOut

ALONE = {
    "sair", "pare", "parar", "stop", "cancelar", "cancela", "cancele", "descadastrar", "descadastre", "descadastra", "remover",
    "remova", "remove", "unsubscribe", "quero sair", "me tira", "me tire", "me remova", "me remove", "sai", "parem",
    "nao quero receber", "nao quero mais receber", "para de mandar", "parem de mandar", "pare de mandar",
    "para de me mandar", "me descadastra", "me descadastre", "quero cancelar", "nao me mande mais", "nao mande mais",
    "nao me manda mais", "nao manda mais", "sair da lista",
}  # fmt: skip
OBJECTS = r"(mensage(m|ns)|msgs?|mensagen|lista|contatos?|propagandas?|publicidades?|promoco(es)?|campanhas?|spam|zap|whats(app)?|anuncios?)"
VERBS = (
    r"(nao (quero|desejo|gostaria de|aceito|autorizo) (mais )?(receber|recebe)|para(r|m|e)? de (me )?(mandar|enviar)|"
    r"pare(m)? de (me )?"
    r"(mandar|enviar)|nao (me )?(mande|manda|mandem|envie|envia|enviem)( mais)?|(me )?(tira|tire|tirem|remova|remove|"
    r"exclua|exclui|apaga|"
    r"apague|retire|retira)( (meu|o) (numero|contato))?|cancel(ar|a|e) (o |as |os |esse |essas )?(envio|recebimento)?|"
    r"(quero|desejo) "
    r"(sair|cancelar|parar de receber)|descadastr\w+)"
)
CLEAR = re.compile(rf"\b{VERBS}\b.{{0,40}}\b{OBJECTS}\b")
LIST = re.compile(r"\b(me )?(tira|tire|remova|remove|exclua|retire|sair|apaga|apague)\b.{0,20}\b(dessa|desta|da|de sua|da sua|do seu) (lista|contatos?|cadastro|grupo)\b")
UNCLEAR = re.compile(
    r"\b(nao (me )?(mande|manda|mandem|envie|envia)\b|para(r|m)? de (me )?(mandar|enviar|ligar|encher)|pare de|"
    r"me deixa(m|e)? em paz|"
    r"nao quero (mais )?(nada|isso|contato)|nao tenho (mais )?interesse|quem (te |lhe )?(deu|passou) (o )?meu (numero|"
    r"contato)|"
    r"nao autorizei|nao me (chame|chama|incomode|perturbe))"
)
NOT_OURS = re.compile(r"\b(boletos?|fatura|cobranca|nota fiscal|dor|audio|foto|lembrete|doer|sangrar)\b")


def opt_out_level(text: str) -> OptOut:
    """Judge one message."""
    plain = " ".join(re.sub(r"[^a-z0-9 ]+", " ", fold(text)).split())
    if not plain:
        return OptOut.NONE
    bare = re.sub(r"^(por favor |pfv |favor |oi |ola )|( por favor| pfv| obrigad[oa]| ok)$", "", plain)
    if bare in ALONE:
        return OptOut.CLEAR
    if NOT_OURS.search(plain):
        return OptOut.AMBIGUOUS if UNCLEAR.search(plain) else OptOut.NONE
    if CLEAR.search(plain) or LIST.search(plain):
        return OptOut.CLEAR
    return OptOut.AMBIGUOUS if UNCLEAR.search(plain) else OptOut.NONE
