"""Which column of a file means what."""

from collections.abc import Sequence

from core.text import fold, slug_key

FIELDS = ("name", "phone", "whatsapp_link", "status", "city", "email", "tags")
SYNONYMS = {
    "name": ("nome", "name", "nome completo", "cliente", "contato", "razao social", "title", "empresa", "lead"),
    "phone": ("telefone", "phone", "phone_number", "phone number", "celular", "whatsapp", "fone", "tel", "numero", "mobile",
              "telefone celular", "phoneunformatted"),
    "whatsapp_link": ("whatsapp_link", "link whatsapp", "whatsapp link", "link do whatsapp", "wa_link", "link"),
    "status": ("status",),
    "city": ("cidade", "city", "municipio"),
    "email": ("e-mail", "email", "mail", "e mail", "correio"),
    "tags": ("tags", "etiquetas", "tag", "etiqueta"),
}  # fmt: skip


def guess_mapping(headers: Sequence[str]) -> dict[str, str]:
    """Return ``{column index: field}``; unknown columns become attributes, each field is guessed once."""
    mapping: dict[str, str] = {}
    for index, header in enumerate(headers):
        label = " ".join(fold(header).replace("_", " ").split())
        field = next((f for f, names in SYNONYMS.items() if label in {" ".join(n.replace("_", " ").split()) for n in names}), "")
        if field and field not in mapping.values():
            mapping[str(index)] = field
        else:
            key = slug_key(header)
            mapping[str(index)] = f"attribute:{key}" if key and not field else ""
    return mapping


def clean_mapping(raw: dict[str, str], columns: int) -> dict[str, str]:
    """Keep only what a mapping may say."""
    clean: dict[str, str] = {}
    for index, field in raw.items():
        if not str(index).isdigit() or int(index) >= columns:
            continue
        known = field in FIELDS and field not in clean.values()
        attribute = field.startswith("attribute:") and slug_key(field.removeprefix("attribute:"))
        clean[str(index)] = field if known else f"attribute:{attribute}" if attribute else ""
    return clean
