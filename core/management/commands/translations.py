import fcntl
import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation.reloader import translation_file_changed

from core import translations

ROOT = Path(__file__).resolve().parents[3]
PO = ROOT / "locale" / "pt_BR" / "LC_MESSAGES" / "django.po"


class Command(BaseCommand):
    help = "Keeps the Portuguese catalogue: add (JSON pairs on standard input), check, compile, prune."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["add", "check", "compile", "prune", "missing"])

    def handle(self, *args: Any, **options: Any) -> None:
        PO.parent.mkdir(parents=True, exist_ok=True)
        with (PO.parent / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            {
                "check": self.verify,
                "add": self.add,
                "compile": self.compile,
                "prune": self.prune,
                "missing": self.missing,
            }[options["action"]]()

    def add(self) -> None:
        """Keys are msgids, ``context@@msgid`` or ``singular||plural`` (then the value is a list)."""
        catalog = translations.read(PO)
        for key, value in json.load(sys.stdin).items():
            context, _mark, message = key.rpartition("@@")
            singular, _bar, plural = message.partition("||")
            identifier = (singular, plural) if plural else singular
            entry = catalog.get(singular, context=context or None)
            if entry:
                catalog.delete(singular, context=context or None)
            catalog.add(identifier, tuple(value) if plural else value, context=context or None)
        translations.write(catalog, PO)
        self.compile()

    def verify(self) -> None:
        found = translations.problems(ROOT, translations.read(PO))
        if found:
            raise CommandError("\n".join(found))
        self.stdout.write("Every text is translated.")

    def missing(self) -> None:
        """Print the missing texts as JSON for translators."""
        catalog = translations.read(PO)
        texts = {text.key: text for text in translations.texts_of(ROOT)}.values()
        lacking = [t for t in texts if not (entry := catalog.get(t.singular, context=t.context)) or not entry.string]
        keys = [
            f"{t.context + '@@' if t.context else ''}{t.singular}{'||' + t.plural if t.plural else ''}" for t in lacking
        ]
        self.stdout.write(json.dumps(keys, ensure_ascii=False, indent=0))

    def compile(self) -> None:
        compiled = PO.with_suffix(".mo")
        translations.compile_to(translations.read(PO), compiled)
        # What this process has read so far is older: a first start writes its demonstration with these very texts.
        translation_file_changed(None, compiled)

    def prune(self) -> None:
        catalog = translations.read(PO)
        used = {text.key for text in translations.texts_of(ROOT)}
        for entry in list(catalog):
            name = entry.id[0] if isinstance(entry.id, tuple | list) else entry.id
            if name and (name, entry.context) not in used:
                catalog.delete(name, context=entry.context)
        translations.write(catalog, PO)
