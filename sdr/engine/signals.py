"""What a message shows beside facts: its mood, a wish for a person, an emergency, what it asks."""

import re
from dataclasses import dataclass

from sdr.contract import Intent, Sentiment
from sdr.engine.words import plain

ANGRY = re.compile(
    r"\b(absurdo|ridicul\w+|palhacad\w+|procon|reclame aqui|vou processar|processar (voces|a empresa|essa)|"
    r"meu advogado|na justica|"
    r"que vergonha|uma vergonha|vergonhos\w+|merda|porra|caralho|idiotas?|imbecil|burros?|incompetent\w+|golpe|"
    r"golpista|"
    r"enganac\w+|enganad[oa]s?|denunciar|que saco|que inferno|vou bloquear|falta de respeito|desrespeito|indignad\w+|"
    r"revoltad\w+|"
    r"um lixo|palhacos?|ladr(ao|oes)|roub(o|aram)|descaso|vao se|vai se|te foder|pqp|vsf|pessim\w+ (atendimento|"
    r"servico)|"
    r"(atendimento|servico) (e |esta |foi )?(pessim\w+|horrivel|um lixo|ridicul\w+))\b"
)
ANNOYED = re.compile(
    r"\b(aff+|ja (falei|disse|respondi)|de novo isso|que demora|demorad\w+|demorando|chato|chata|poxa|ta dificil|"
    r"ninguem (responde|"
    r"atende|me atende)|cansad[oa] de|nao entende|nao me entende|quantas vezes|insist\w+|para de perguntar)\b"
)
COMPLAINT = re.compile(r"\b(nao|nunca|ninguem|cade|demora|ate quando|chega|pare)\b")
PERSON = re.compile(
    r"\b((falar|conversar|atendid[oa]|atendimento|fala) (com|por) (um |uma |o |a |algum |alguma )?(atendente|pessoa|"
    r"humano|alguem|gente|"
    r"responsavel|dono|dona|gerente|recepcao|recepcionista|vendedora?|consultora?|ser humano|medic[oa]|dentista|"
    r"doutora?|veterinari[oa]|"
    r"professora?)|quero (um |uma )?atendente|chama (um |uma |o |a )?(atendente|alguem|gerente|responsavel)|"
    r"^atendente$|atendimento humano|"
    r"pessoa (de verdade|real)|(e|voce e|isso e|estou falando com) (um |uma )?(robo|bot|maquina|ia)|"
    r"nao quero (falar com )?robo|me liga(r|m)?|"
    r"pode(m|ria)? me ligar|me passa(r)? para (um|uma|alguem|o|a)|falar com voces por telefone)\b"
)
EMERGENCY = re.compile(
    r"\b(emergencia|sangrando( muito)?|sangramento|hemorragia|nao (consigo|consegue) respirar|falta de ar|desmai(ei|"
    r"ou)|sofri um acidente|"
    r"dor insuportavel|muita dor|(rosto|boca|garganta|muito) inchad[oa]|infarto|convuls\w+|envenenad\w+|atropelad\w+|"
    r"reacao alergica|"
    r"passando muito mal|quer(o|ia) morrer|me matar)\b"
)
POSITIVE = re.compile(
    r"\b(obrigad[oa]|perfeito|otim[oa]|amei|amo|maravilh\w+|adorei|show|excelente|top|que bom|legal|gostei|valeu|"
    r"massa)\b"
)
PRICE = re.compile(
    r"\b(quanto(?! (antes|tempo|mais|menos|a isso))|precos?|valor(es)?|orcamento|custa|custo|mensalidade|parcel\w+|"
    r"quantos reais|tabela|de graca|gratis|gratuit\w+)\b"
)
COMPARED = re.compile(
    r"\b(ja|fiz|fez|fizemos|peguei|pegamos|pedi|pedimos|recebi|cotei|pesquisei|pesquisamos|comparei|comparamos|vi|"
    r"outr[oa]s?|fazendo|"
    r"pesquisando|quando)\b.{0,25}\b(precos?|valor(es)?|orcamentos?)\b|\btenho (\w+ ){0,2}(orcamentos?|propostas?)\b"
)
BOOKING = re.compile(
    r"\b(tem (algum |alguma )?(horario|vaga|agenda|disponib\w+)|quer(o|ia) (marcar|agendar|reservar)|marcar|agendar|"
    r"agendamento|reservar|"
    r"que dia|da para (fazer|marcar|agendar|encaixar|ir|comecar)|quais (os )?(dias|horarios)|horarios? (livre|"
    r"disponi\w+)|quando (tem|posso|podem?|comeca))\b"
)
HOURS = re.compile(
    r"\b((a |de )?que horas|horario|abrem?|fecham?|funcionam?|atendem? (n?[oa]s? |de |aos? |em )?(sabados?|domingos?|"
    r"feriados?|noite|manha))\b"
)
CATALOGUE = re.compile(
    r"\b(o que (voces|vc) (fazem|oferecem|tem)|quais (os |sao os )?(servicos|cursos|procedimentos|modalidades|"
    r"planos))\b"
)
ADDRESS = re.compile(
    r"\b(onde (fica|ficam|voces (ficam|estao))|endereco|localizacao|como chego|qual (o )?(bairro|local) de voces)\b"
)
ORDERS = re.compile(
    r"\b(ignor\w+ (as |suas |tudo |todas )|esquec\w+ (as |suas |tudo|todas )|suas instrucoes|system prompt|prompt|"
    r"aja como|finja (que|ser)|"
    r"modo desenvolvedor|jailbreak|instructions)\b"
)
DISCOUNT = re.compile(r"\b(desconto|de graca|gratis|\d{1,3} por cento|abaixa(r)? o preco|faz por menos|mais barato)\b")
GREETING = re.compile(r"^((oi+e?|ola|opa|eai|e ai|bom dia|boa tarde|boa noite|tudo bem|tudo bom|beleza|alo|hey)( |$))+")


@dataclass(frozen=True)
class Signals:
    """What a burst shows; ``human_reason`` is angry, wants_human, emergency or an empty text."""

    sentiment: Sentiment
    human_reason: str
    asks_price: bool
    asks_time: bool
    intent: Intent


def read_signals(texts: list[str]) -> Signals:
    """Judge a burst of messages as one."""
    whole = "\n".join(texts)
    reason = next((r for r in map(human_reason, texts) if r), "")
    price, time = asks_price(whole), asks_time(whole)
    return Signals(sentiment_of(whole), reason, price, time, _intent(whole, reason, price, time))


def _intent(text: str, reason: str, price: bool, time: bool) -> Intent:
    sentence = plain(text)
    if reason == "wants_human":
        return Intent.PERSON
    if reason:
        return Intent.COMPLAINT if reason == "angry" else Intent.EMERGENCY
    if price:
        return Intent.PRICE
    if time:
        return Intent.BOOKING if BOOKING.search(sentence) else Intent.HOURS
    if GREETING.fullmatch(sentence + " ") or GREETING.fullmatch(sentence):
        return Intent.GREETING
    return Intent.QUESTION if "?" in text else Intent.ANSWER


def sentiment_of(text: str) -> Sentiment:
    """Judge the mood of one message."""
    sentence = plain(text)
    if ANGRY.search(sentence) or (_shouts(text) and COMPLAINT.search(sentence)):
        return Sentiment.ANGRY
    if ANNOYED.search(sentence):
        return Sentiment.ANNOYED
    return Sentiment.POSITIVE if POSITIVE.search(sentence) else Sentiment.CALM


def _shouts(text: str) -> bool:
    # Many people simply write in capitals: only together with a complaint and marks is it a shout.
    letters = [letter for letter in text if letter.isalpha()]
    return (
        len(letters) > 14
        and sum(map(str.isupper, letters)) / len(letters) > 0.8
        and text.count("!") + text.count("?") >= 2
    )


def human_reason(text: str) -> str:
    """Return why a person must take over at once, or an empty text."""
    sentence = plain(text)
    if EMERGENCY.search(sentence):
        return "emergency"
    if sentiment_of(text) is Sentiment.ANGRY:
        return "angry"
    return "wants_human" if PERSON.search(sentence) else ""


def asks_price(text: str) -> bool:
    """Tell whether a price is asked; "já fiz orçamento" tells of one and asks nothing."""
    sentence = plain(text)
    if not PRICE.search(sentence):
        return False
    told = COMPARED.search(sentence) is not None
    return "?" in text or not told or re.search(r"\bquanto (custa|fica|sai|e|esta|cobram?)\b", sentence) is not None


def asks_time(text: str) -> bool:
    """Tell whether an appointment or the opening hours are asked for."""
    sentence = plain(text)
    return BOOKING.search(sentence) is not None or ("?" in text and HOURS.search(sentence) is not None)
