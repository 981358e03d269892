import pytest

from leads.services.mapping import MAX_ATTRIBUTES, MappingError, clean_mapping, guess_mapping, read_mapping

KNOWN = ["nome", "telefone", "whatsapp_link", "status", "cidade", "e-mail", "etiquetas"]


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Nome", "name"), ("NAME", "name"), ("Nome completo", "name"), ("Razão Social", "name"), ("title", "name"),
        ("Telefone", "phone"), ("phone_number", "phone"), ("Celular", "phone"), ("WhatsApp", "phone"), ("Número", "phone"),
        ("phoneUnformatted", "phone"), ("Celular (com DDD)", "phone"), ("Phone 1 - Value", "phone"),
        ("whatsapp_link", "whatsapp_link"), ("Link do WhatsApp", "whatsapp_link"),
        ("Status", "status"), ("Cidade", "city"), ("Município", "city"), ("E-mail", "email"), ("email", "email"),
        ("E-mail 1 - Value", "email"), ("Etiquetas", "tags"), ("Data de nascimento", "attribute:data_de_nascimento"),
        ("linha", ""), ("Motivo", ""), ("temperatura", ""), ("sdr_ia_status", ""),
    ],
)  # fmt: skip
def test_header_maps_itself(header: str, field: str) -> None:
    assert guess_mapping([header]) == {"0": field}


def test_each_field_is_guessed_once_and_the_best_column_wins() -> None:
    mapping = guess_mapping(["Telefone", "WhatsApp", "Nome", "Nome fantasia"])
    assert mapping == {"0": "attribute:telefone", "1": "phone", "2": "name", "3": "attribute:nome_fantasia"}


def test_columns_without_a_telling_header_are_known_by_what_they_hold() -> None:
    samples = [["wa.me/5511999998888", "ana@example.com", "x"], ["https://wa.me/5511999997777", "bia@example.com", "y"]]
    assert guess_mapping(["coluna 1", "coluna 2", "coluna 3"], samples) == {
        "0": "whatsapp_link", "1": "email", "2": "attribute:coluna_3",
    }  # fmt: skip


def test_extra_fields_are_bounded() -> None:
    mapping = guess_mapping(["telefone", *(f"campo {n}" for n in range(150))])
    assert sum(field.startswith("attribute:") for field in mapping.values()) == MAX_ATTRIBUTES
    wide = clean_mapping({str(n): f"attribute:campo_{n}" for n in range(150)}, [f"campo {n}" for n in range(150)])
    assert sum(field.startswith("attribute:") for field in wide.values()) == MAX_ATTRIBUTES


def test_clean_mapping_keeps_only_what_a_mapping_may_say() -> None:
    headers = ["a", "b", "c", "Cor do Olho", "e"]
    raw = {"0": "phone", "1": "phone", "2": "opted_out_at", "3": "attribute", "9": "name", "4": "attribute:É isto!"}
    assert clean_mapping(raw, headers) == {
        "0": "phone", "1": "", "2": "", "3": "attribute:cor_do_olho", "4": "attribute:e_isto",
    }  # fmt: skip


@pytest.mark.parametrize(
    "said",
    [{"Quem": "name", "Zap novo": "phone"}, {"name": "Quem", "phone": "Zap novo"}, {"0": "nome", "2": "telefone"},
     {"quem": "Nome", "zap_novo": "celular"}],
)  # fmt: skip
def test_mapping_of_a_program_is_understood_either_way_round(said: dict[str, str]) -> None:
    mapping = read_mapping(said, ["Quem", "Obs", "Zap novo"])
    assert mapping == {"0": "name", "1": "attribute:obs", "2": "phone"}


def test_mapping_of_a_program_wins_over_the_guess() -> None:
    assert read_mapping({"Fixo": "phone", "Celular": ""}, ["Celular", "Fixo"]) == {"0": "", "1": "phone"}


@pytest.mark.parametrize("said", [{"Nenhuma": "phone"}, {"Celular": "senha"}])
def test_mapping_to_what_is_not_there_is_refused(said: dict[str, str]) -> None:
    with pytest.raises(MappingError):
        read_mapping(said, ["Celular", "Fixo"])
