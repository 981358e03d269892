import pytest

from sdr.contract import OptOut
from sdr.optout import opt_out_level

CLEAR = """
SAIR
sair
Sair.
"SAIR"
sair!!
SAIR por favor
quero sair
PARE
pare
Parem
PARAR
stop
STOP!!!
Cancelar
cancela
CANCELAR.
descadastrar
Descadastrar
descadastre
descadatrar
descadastra por favor
cancelr
remover
unsubscribe
não quero mais receber mensagens
nao quero receber mais mensagem de vcs
n quero mais receber msg
Não quero receber essas mensagens
não desejo receber propaganda
não quero receber promoções
para de mandar mensagem
parem de me mandar mensagem!!
pare de mandar msgs pfv
para de me enviar propaganda
me tira da lista
me tire dessa lista por favor
ME REMOVA DA LISTA
tira meu numero da lista
remove meu contato
apaga meu número por favor
quero sair da lista
quero parar de receber mensagens
não me mande mais mensagens
nao me manda mais msg
não me envie mais propaganda
me descadastra
quero me descadastrar
favor descadastrar
exclua meu número do cadastro
chega de mensagem
cancelar o envio de mensagens
não autorizo receber mensagens
não quero mais receber
parem com essas mensagens
me tira daí
nao me mande mais nada
""".strip().splitlines()
AMBIGUOUS = """
não me mande mais boletos
para de me mandar boleto
pare de ligar
me deixa em paz
me deixem em paz por favor
não tenho interesse
nao tenho mais interesse, obrigado
sem interesse
não quero mais nada
não quero saber
quem te deu meu número?
como vcs conseguiram meu contato?
não autorizei isso
não me perturbe
não me chame mais
vou bloquear
número errado
não me mandem mais áudio
para de insistir
não quero ser incomodado
quero cancelar
para!
chega
""".strip().splitlines()
NONE = """
tem como parar a dor?
quero parar de fumar, vocês ajudam?
quero cancelar a consulta de amanhã
preciso cancelar meu horário
cancela a aula de hoje
posso sair mais cedo da consulta?
a que horas posso sair?
vou sair de férias
quero sair com o cabelo liso
meu cachorro não para de latir
não quero clareamento, quero implante
não quero progressiva
não, obrigada
não quero esse horário
parar de sangrar demora quanto?
meu dente não para de doer
quanto custa pra remover a tatuagem?
quero remover manchas
remover o siso dói?
vocês mandam mensagem quando estiver pronto?
pode me mandar mensagem amanhã
me manda a lista de preços
qual seu contato?
quero receber promoções
quero receber as novidades
quero entrar na lista de espera
me coloca na lista
não recebi a mensagem
não recebi a promoção de vocês
parei de treinar faz um ano
saí do trabalho agora
para mim está ótimo
para a minha mãe
para quando tem vaga?
stop motion é um curso de vocês?
posso pagar na hora e cancelar depois?
não pare, está ótimo
não precisa cancelar
sai por quanto?
vou sair
saia
só vou parar se doer
pode mandar mensagem mais tarde
oi
""".strip().splitlines()


@pytest.mark.parametrize("text", CLEAR)
def test_a_clear_wish_to_stop_is_seen(text: str) -> None:
    assert opt_out_level(text) is OptOut.CLEAR


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_an_unclear_wish_goes_to_a_person(text: str) -> None:
    assert opt_out_level(text) is OptOut.AMBIGUOUS


@pytest.mark.parametrize("text", NONE)
def test_ordinary_talk_blocks_nobody(text: str) -> None:
    assert opt_out_level(text) is OptOut.NONE


@pytest.mark.parametrize("text", ["", "   ", "👍", "...", "!!!", "\n"])
def test_a_message_without_words_says_nothing(text: str) -> None:
    assert opt_out_level(text) is OptOut.NONE


@pytest.mark.parametrize("text", CLEAR)
def test_capitals_accents_and_marks_change_nothing(text: str) -> None:
    assert opt_out_level(f"  {text.upper()} !! ") is OptOut.CLEAR


def test_the_lists_are_long_enough() -> None:
    assert len(CLEAR) >= 30
    assert len(AMBIGUOUS) + len(NONE) >= 30
