import gettext
import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from core import translations
from core.management.commands import translations as command


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one module and one template with its own catalogue."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "views.py").write_text(
        "from django.utils.translation import gettext_lazy, ngettext, pgettext\n"
        'a = gettext_lazy("Save")\nb = ngettext("%(count)d lead", "%(count)d leads", 2)\nc = pgettext("month", "May")\n'
    )
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text(
        "{% load i18n %}{% translate 'Open' %}"
        "{% blocktranslate trimmed with name=x %}\n  Hello,\n  {{ name }}\n{% endblocktranslate %}"
    )
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(command, "PO", tmp_path / "locale" / "pt_BR" / "LC_MESSAGES" / "django.po")
    return tmp_path


COMPLETE = {
    "Save": "Salvar",
    "%(count)d lead||%(count)d leads": ["%(count)d contato", "%(count)d contatos"],
    "month@@May": "maio",
    "Open": "Abrir",
    "Hello, %(name)s": "Olá, %(name)s",
}


def add(monkeypatch: pytest.MonkeyPatch, pairs: dict[str, object]) -> None:
    monkeypatch.setattr(command.sys, "stdin", io.StringIO(json.dumps(pairs)))
    call_command("translations", "add")


def test_texts_are_found_in_modules_and_templates(project: Path) -> None:
    found = {(text.singular, text.plural, text.context) for text in translations.texts_of(project)}
    assert found == {
        ("Save", None, None),
        ("%(count)d lead", "%(count)d leads", None),
        ("May", None, "month"),
        ("Open", None, None),
        ("Hello, %(name)s", None, None),
    }


def test_a_complete_catalogue_passes(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(monkeypatch, COMPLETE)
    call_command("translations", "check", stdout=io.StringIO())


@pytest.mark.parametrize("key", COMPLETE)
def test_one_missing_text_is_refused_by_name(project: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    add(monkeypatch, {name: value for name, value in COMPLETE.items() if name != key})
    with pytest.raises(CommandError, match=r"^missing: ") as refusal:
        call_command("translations", "check")
    assert key.partition("||")[0].rpartition("@@")[2] in str(refusal.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Hello, %(name)s", "Olá, %(nome)s"),
        ("%(count)d lead||%(count)d leads", ["um contato", "muitos contatos"]),
        ("%(count)d lead||%(count)d leads", ["%(n)d contato", "%(count)d contatos"]),
    ],
)
def test_other_placeholders_are_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch, key: str, value: object
) -> None:
    add(monkeypatch, COMPLETE | {key: value})
    with pytest.raises(CommandError, match="placeholders differ"):
        call_command("translations", "check")


def test_an_unsure_text_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(monkeypatch, COMPLETE)
    catalog = translations.read(command.PO)
    catalog["Save"].flags.add("fuzzy")
    translations.write(catalog, command.PO)
    with pytest.raises(CommandError, match="unsure: 'Save'"):
        call_command("translations", "check")


def test_adding_again_replaces_and_keeps_the_rest(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(monkeypatch, COMPLETE)
    add(monkeypatch, {"Save": "Guardar"})
    catalog = translations.read(command.PO)
    assert catalog["Save"].string == "Guardar"
    assert catalog["Open"].string == "Abrir"


def test_prune_removes_only_what_nobody_says(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(monkeypatch, COMPLETE | {"Gone": "Foi"})
    call_command("translations", "prune")
    catalog = translations.read(command.PO)
    assert catalog.get("Gone") is None
    assert translations.problems(project, catalog) == []


def test_the_compiled_file_speaks(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(monkeypatch, COMPLETE)
    with command.PO.with_suffix(".mo").open("rb") as file:
        spoken = gettext.GNUTranslations(file)
    assert spoken.ngettext("%(count)d lead", "%(count)d leads", 2) == "%(count)d contatos"
    assert spoken.pgettext("month", "May") == "maio"
