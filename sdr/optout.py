"""Opt-out words in two levels: clear ones block campaigns, unclear ones only call a person.

"não me mande mais boletos", "tem como parar a dor?" and "quero cancelar a consulta" are not opt-outs: what a sentence is about
decides, not its verb. A wrong block loses a customer in silence, so whatever is in doubt goes to a person.
"""

import re

from sdr.contract import OptOut
from sdr.engine.words import distance, plain, words_in

# A command word that stands alone; typos of it count too.
COMMANDS = words_in("""
sair pare parem parar stop cancelar cancela cancele cancelem descadastrar descadastre descadastra
descadastro remover remova remove unsubscribe optout
""")
POLITE = words_in("""
por favor pfv oi ola bom boa dia tarde noite obrigado obrigada grato grata ja quero queria gostaria de agora
imediatamente tudo eu daqui disso isso
""")
WHOLE = re.compile(
    r"^((eu )?(nao quero|nao desejo|nao gostaria de) (mais )?receber( mais)?( nada| nenhuma| isso)?|"
    r"(para|pare|parem) (de|com) (me )?(mandar|enviar|mandando)( isso| essas coisas| tudo)?( para mim)?|"
    r"nao (me )?(mande|manda|mandem|envie|envia|enviem)( mais| nada| mais nada)|"
    r"(me )?(tira|tire|tirem|remova|remove|retira|retire|exclua|exclui|descadastra|descadastre)( me)?( dai|"
    r" disso| isso| daqui| por favor)?|"
    r"(quero|desejo|gostaria de) (sair|me descadastrar|descadastrar|ser removid[oa]|parar de receber))$"
)
_OBJECT = (
    r"(mensage(m|ns)|mensagens|mensajens?|sms|propagandas?|publicidades?|promoc(ao|oes)|ofertas?|campanhas?|spam|"
    r"whatsapp|anuncios?|"
    r"divulgac(ao|oes)|marketing|contatos?|disparos?|novidades|newsletter)"
)
_NOT_WANTED = (
    r"(nao (quero|desejo|gostaria de|aceito|autorizo|pedi para|preciso) (mais )?(receber|recebendo|"
    r"que (me )?(mandem|enviem|mande))|"
    r"nao (quero|desejo|aceito|autorizo) (mais )?(essas?|esses?|suas|seus|as|nenhuma|nenhum|mais)?|"
    r"para(r|m)? (de|com) (ficar )?((me )?(mandar|enviar|mandando|enviando)|essas?|as)|pare(m)? (de|"
    r"com) (ficar )?((me )?(mandar|enviar|"
    r"mandando|enviando)|essas?|as)|chega de|nao (me )?(mande|manda|mandem|envie|envia|enviem)( mais)?( nenhuma|"
    r" nenhum| essas?| suas?)?|"
    r"cancel(ar|a|e|em) (o |a |as |os |esse |essas |meu )?(envio|recebimento|inscricao|cadastro)?( d[aeo]s?)?|"
    r"(quero|desejo) (cancelar|parar)"
    r"( de receber)?|deix(ar|em|e|a) de (me )?(mandar|enviar|receber))"
)
CLEAR = re.compile(rf"\b{_NOT_WANTED}( \w+){{0,4}}? {_OBJECT}\b")
LIST = re.compile(
    r"\b((tira|tire|tirem|tirar|remova|remove|remover|removam|exclua|exclui|excluir|retire|retira|retirar|apague|"
    r"apaga|apagar|sair|saio|"
    r"descadastr\w+|delet[ae]r?|bloqueia)\b.{0,25}\b(lista|listas|contatos|cadastro|base|banco de dados|grupo|"
    r"sistema|transmissao|mailing)|"
    r"(tira|tire|tirem|remova|remove|remover|exclua|exclui|excluir|retire|retira|apague|apaga|"
    r"delet[ae]) (o )?(meu )(numero|contato|telefone|"
    r"whatsapp|nome|cadastro)|(me )?descadastr(ar|e|a|em)( me)?( (por favor|imediatamente|agora|desse|deste|dai|"
    r"daqui)( \w+)?)?$)\b"
)
UNCLEAR = re.compile(
    r"\b(nao (me )?(mande|manda|mandem|envie|envia|enviem)\b|para(r|m)? de (me )?(mandar|enviar|ligar|encher|"
    r"insistir|perturbar|incomodar|"
    r"chamar)|pare(m)? de|pare(m)? com|me deix(a|am|e|em) em paz|nao quero (mais )?(nada|isso|contato|saber|"
    r"ser incomodad[oa]|ser contatad[oa])|"
    r"nao tenho (mais |nenhum )?interesse|sem interesse|quem (te |lhe |voces )?(deu|passou|"
    r"forneceu)( \w+)? (o )?meu (numero|contato|telefone)|"
    r"(como|onde|aonde) (voces )?(conseguiram|pegaram|acharam|conseguiu|pegou) (o )?meu (numero|contato|"
    r"telefone)|nao autorizei|"
    r"nao (me )?(chame|chama|chamem|incomode|incomodem|perturbe|perturbem|ligue|liguem|escrevam?)|(vou|"
    r"irei) (te )?(bloquear|denunciar)|numero errado|"
    r"nao conheco voces|lgpd|chega disso|enche(ndo)? o saco)\b"
)
# What is about something else than our messages: the verb then belongs to that.
ELSEWHERE = re.compile(
    r"\b(boletos?|faturas?|cobrancas?|nota fiscal|notas|dor(es)?|audios?|fotos?|videos?|lembretes?|doer|sangrar|"
    r"sangramento|consulta|"
    r"horario|agendamento|agenda|aula|pedido|compra|plano|matricula|assinatura|contrato|cartao|aparelho|dente|"
    r"cabelo|latir|chorar|fumar|"
    r"crescer|treino|tratamento|medicacao|remedio|casa|rua|carro|duvida|orcamento|endereco|localizacao|"
    r"comprovante|pix|medida|mancha|pelo|"
    r"siso|ponto|pontos|tatuagem|reuniao|loja|academia)\b"
)
_MAX_ALONE = 5


def opt_out_level(text: str) -> OptOut:
    """Judge one message."""
    sentence = plain(text)
    if not sentence:
        return OptOut.NONE
    if _is_bare_wish(sentence):
        return OptOut.AMBIGUOUS
    about_other = ELSEWHERE.search(sentence) is not None
    if _is_command(sentence) or WHOLE.match(_without_politeness(sentence)) or LIST.search(sentence):
        return OptOut.CLEAR
    if about_other:
        return OptOut.AMBIGUOUS if UNCLEAR.search(sentence) else OptOut.NONE
    if CLEAR.search(sentence):
        return OptOut.CLEAR
    return OptOut.AMBIGUOUS if UNCLEAR.search(sentence) else OptOut.NONE


def _is_command(sentence: str) -> bool:
    words = sentence.split()
    rest = [word for word in words if word not in POLITE]
    if len(words) > _MAX_ALONE or len(set(rest)) != 1 or "nao" in words:
        return False
    return any(_is_typo(rest[0], command) for command in COMMANDS)


def _is_bare_wish(sentence: str) -> bool:
    """Tell whether it is "quero cancelar" or "para!": as likely about an appointment as about our messages."""
    return (
        re.fullmatch(
            r"(eu )?(quero|queria|gostaria de|preciso|posso|vou) (cancelar|parar)|para|chega|basta|sai( fora)?",
            sentence,
        )
        is not None
    )


def _is_typo(word: str, command: str) -> bool:
    if word == command:
        return True
    # Short words have too many neighbours: "pare" and "pire", "sair" and "cair".
    return len(command) >= 6 and word[:2] == command[:2] and distance(word, command, 1) <= 1


def _without_politeness(sentence: str) -> str:
    start = re.sub(
        r"^((oi|ola|bom dia|boa tarde|boa noite|por favor|favor|olha|moca|moco|gente|amig[oa]|e) )+", "", sentence
    )
    return re.sub(r"( (por favor|obrigad[oa]|grat[oa]|ok|ta|valeu|por gentileza))+$", "", start)
