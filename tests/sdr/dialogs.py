"""Labelled conversations in Brazilian chat Portuguese: what a careful salesperson would have understood.

Each dialog: trade, lines (author letter and text), facts {name: level or None}, temperature. ``c`` is the customer, ``b`` the SDR.
"""

from dataclasses import dataclass

from sdr.contract import BusinessProfile, Service

DENTIST = BusinessProfile(
    business_name="Sorriso Vivo", segment="dentista", city="Campinas", area=("Cambuí", "Taquaral"), hours="seg a sáb, 8h às 18h",
    services=(Service("Limpeza", 18000), Service("Clareamento", 69000), Service("Implante", 250000), Service("Aparelho", None)),
)  # fmt: skip
SALON = BusinessProfile(
    business_name="Bela Flor", segment="salão", city="Santos", area=("Gonzaga", "Boqueirão"),
    services=(Service("Corte", 8000), Service("Progressiva", 25000), Service("Manicure", 4500), Service("Mechas", 40000)),
)  # fmt: skip
GYM = BusinessProfile(
    business_name="Força Total", segment="academia", city="Curitiba", area=("Batel",),
    services=(Service("Musculação", 12000), Service("Natação", 18000), Service("Pilates", 22000)),
)  # fmt: skip
SCHOOL = BusinessProfile(
    business_name="Fala Inglês", segment="escola", city="Recife", area=("Boa Viagem",),
    services=(Service("Inglês", 30000), Service("Espanhol", 28000)),
)  # fmt: skip


@dataclass(frozen=True)
class Dialog:
    profile: BusinessProfile
    lines: tuple[tuple[str, str], ...]
    facts: dict[str, str | None]
    temperature: str


def dialog(profile: BusinessProfile, text: str, temperature: str, **facts: str | None) -> Dialog:
    lines = tuple((line[0], line[2:].strip()) for line in text.strip().splitlines())
    return Dialog(profile, lines, facts, temperature)


DIALOGS = [
    dialog(DENTIST, """b Oi! Quer saber do clareamento?
c Oi! Quero sim, sou a Mariana Teixeira. Quanto fica o clareamento? Tem horário sábado?
b Clareamento sai por R$ 690,00. Você já fez isso alguma vez ou é a primeira vez?
c Vi uns vídeos sobre o laser, mas nunca fiz
b Para quando você gostaria?
c Queria fazer ainda essa semana, tenho um casamento dia 28!! Moro no Cambuí, pertinho de vocês""",
           "quente", name="full", interest="asks", knowledge="read", urgency="week", location="inside"),
    dialog(DENTIST, """c bom dia qto custa implante
b Implante sai por R$ 2.500,00. Qual é o seu nome?
c Carlos
b Para quando você gostaria?
c mes que vem
b Você já fez isso alguma vez ou é a primeira vez?
c ja fiz orçamento em outro lugar
b Em que bairro ou cidade você mora?
c sou de Valinhos""",
           "morno", name="first", interest="asks", urgency="quarter", knowledge="done", location="outside"),
    dialog(DENTIST, """c oi
b Qual serviço você procura?
c não quero clareamento, quero implante
b Com quem eu falo?
c aqui é o João Pedro
b Você tem alguma data em mente?
c sem pressa, só tô pesquisando""",
           "frio", name="full", interest="named", urgency="none", knowledge=None, location=None),
    dialog(SALON, """c oi boa tarde vcs fazem progressiva?
b Boa tarde! Qual é o seu nome?
c Juliana Couto
b Para quando você gostaria?
c amanhã se der
b Já conhece como funciona ou é sua primeira vez?
c faço sempre
b De qual região você é?
c moro no gonzaga""",
           "quente", name="full", interest="named", urgency="week", knowledge="done", location="inside"),
    dialog(SALON, """c quanto ta a mecha
b Mechas sai por R$ 400,00. Com quem eu falo?
c é a Bia
b É pra logo ou sem pressa?
c esse mes ainda
b Você já fez isso alguma vez ou é a primeira vez?
c primeira vez
b Em que bairro ou cidade você mora?
c Boqueirão""",
           "quente", name="first", interest="asks", urgency="month", knowledge="first", location="inside"),
    dialog(GYM, """c Oi, me fala mais
b Qual serviço você procura?
c natação
b Qual é o seu nome?
c Rodrigo Farias
b Para quando você gostaria?
c semana que vem
b Já conhece como funciona ou é sua primeira vez?
c nunca fiz
b De qual região você é?
c moro em Araucária""",
           "morno", name="full", interest="named", urgency="month", knowledge="first", location="outside"),
    dialog(GYM, """c quero começar hj a musculação, meu nome é Pedro Henrique Alves, ja treinei uns anos, moro no batel""",
           "quente", name="full", interest="named", urgency="week", knowledge="done", location="inside"),
    dialog(GYM, """c oi tudo bem
b Em que posso te ajudar, qual serviço te interessa?
c só olhando por enquanto, sem pressa""",
           "muito_frio", name=None, interest=None, urgency="none", knowledge=None, location=None),
    dialog(SCHOOL, """c Boa noite, gostaria de informações
b Qual serviço você procura?
c curso de inglês pra minha filha
b Com quem eu falo?
c Patrícia Lemos
b Para quando você gostaria?
c em março
b Já conhece como funciona ou é sua primeira vez?
c ela já estudou em outra escola
b De onde, qual bairro?
c Boa Viagem""",
           "quente", name="full", interest="named", urgency="quarter", knowledge="done", location="inside"),
    dialog(SCHOOL, """c qual o valor do espanhol?
b Espanhol sai por R$ 280,00. Qual é o seu nome?
c me chamo Eduardo
b Você tem alguma data em mente?
c o quanto antes
b Você já fez isso alguma vez ou é a primeira vez?
c li um pouco
b Em que bairro ou cidade você mora?
c sou de Recife mesmo""",
           "quente", name="first", interest="asks", urgency="week", knowledge="read", location="inside"),
    dialog(DENTIST, """c Ola, vcs colocam aparelho? qual o preço
b Sobre o valor, confirmo com a equipe. Qual é o seu nome?
c Larissa
b Para quando você gostaria?
c daqui uns 2 meses
b Você já fez isso alguma vez ou é a primeira vez?
c nao, primeira vez
b Em que bairro ou cidade você mora?
c Taquaral""",
           "morno", name="first", interest="asks", urgency="quarter", knowledge="first", location="inside"),
    dialog(DENTIST, """c preciso de uma limpesa urgente
b Qual é o seu nome?
c Marcos Prado
b Você já fez isso alguma vez ou é a primeira vez?
c ja fiz
b Em que bairro ou cidade você mora?
c não sou de campinas mas posso ir até aí""",
           "quente", name="full", interest="named", urgency="week", knowledge="done", location="inside"),
    dialog(SALON, """c oii queria marcar manicure pra sexta
b Com quem eu falo?
c Camila""",
           "morno", name="first", interest="asks", urgency="week", knowledge=None, location=None),
    dialog(SALON, """c interesse
b Qual serviço você procura?
c corte
b Qual é o seu nome?
c prefiro não dizer
b Para quando você gostaria?
c um dia desses, mais pra frente""",
           "frio", name=None, interest="named", urgency="none", knowledge=None, location=None),
]  # fmt: skip
