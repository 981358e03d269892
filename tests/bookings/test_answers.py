import pytest

from bookings.answers import Answer, read_answer, read_number


@pytest.mark.parametrize(
    "text",
    ["1", " 1 ", "1.", "1️⃣", "opção 1", "Confirmo", "confirmado!", "Confirmo sim, obrigada", "sim", "Sim!", "ok", "vou sim", "Pode confirmar", "CONFIRMADA", "Bom dia, confirmo"],
)  # fmt: skip
def test_yes(text: str) -> None:
    assert read_answer(text) is Answer.CONFIRM


@pytest.mark.parametrize(
    "text",
    ["2", "2)", "remarcar", "Quero remarcar", "preciso reagendar por favor", "trocar o horário", "outro horário"],
)
def test_move(text: str) -> None:
    assert read_answer(text) is Answer.MOVE


@pytest.mark.parametrize(
    "text",
    [
        "3",
        "cancelar",
        "Cancela pf",
        "desmarca por favor",
        "não vou",
        "Não posso",
        "nao vou poder ir",
        "quero desmarcar",
    ],
)
def test_cancel(text: str) -> None:
    assert read_answer(text) is Answer.CANCEL


@pytest.mark.parametrize(
    "text",
    ["", "?", "12", "1 ou 2", "4", "não confirmo", "não", "quanto custa?", "posso levar meu filho de 3 anos?", "sair", "parar",
     "sim, mas que horas abre?", "confirmo se puder levar minha mãe junto comigo", "cancelar ou remarcar", "às 3 da tarde", "ok quanto fica",
     "rua 1", "tenho 2 filhos"],
)  # fmt: skip
def test_anything_else_is_left_to_others(text: str) -> None:
    assert read_answer(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1), ("a 2 por favor", 2), ("opção 3", 3), ("o primeiro", 1), ("quero a 4", 4), ("prefiro a terceira", 3)],
)
def test_a_pick(text: str, number: int) -> None:
    assert read_number(text, 4) == number


@pytest.mark.parametrize(
    "text", ["5", "0", "1 ou 2", "segunda", "às 10", "depois das 2 da tarde", "2 pessoas", "", "99999999999", "quarta"]
)
def test_no_pick(text: str) -> None:
    assert read_number(text, 4) is None
