import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management.base import BaseCommand
from django.db import transaction

from accounts.models import Organization, User
from accounts.services.organizations import create_organization
from billing.services import start_subscription
from core.tenancy import activate_organization
from gateways.models import Channel
from leads.services import imports
from sagas.outbox import deliver_due
from sdr.services.profiles import get_profile, update_profile

EMAIL = "demo@prosa.local"
# Nobody has these phones; the Simulator's virtual contacts answer for them.
EXAMPLE = settings.BASE_DIR / "static" / "exemplos" / "contatos.csv"
SERVICES: list[dict[str, Any]] = [
    {"name": "Limpeza", "price_cents": 18000},
    {"name": "Clareamento", "price_cents": 69000},
    {"name": "Aparelho ortodôntico", "price_cents": None},
    {"name": "Implante", "price_cents": 250000},
]


class Command(BaseCommand):
    help = "Creates the demonstration business once; its log-in is kept in the data folder."

    def handle(self, *args: Any, **options: Any) -> str:
        kept = Path(settings.DATA_DIR) / "demo-login.txt"
        if kept.exists() and Organization.objects.filter(is_demo=True).exists():
            return kept.read_text().strip()
        password = secrets.token_urlsafe(9)
        with transaction.atomic():
            owner = User.objects.filter(email=EMAIL).first() or User(email=EMAIL, name="Dona Demo")
            owner.set_password(password)
            owner.save()
            membership = create_organization("Sorriso Demo", owner=owner, segment="Clínica odontológica", is_demo=True)
            start_subscription(membership.organization, plan_code="pro")
        deliver_due()
        with activate_organization(membership.organization_id):
            self._fill()
            self._bring_contacts()
        kept.write_text(f"{EMAIL} / {password}")
        kept.chmod(0o600)
        return f"{EMAIL} / {password}"

    def _fill(self) -> None:
        update_profile(
            get_profile(),
            {
                "services": SERVICES,
                "city": "Campinas",
                "area": ["Cambuí", "Taquaral", "Centro"],
                "hours": "segunda a sábado, 8h às 18h",
            },
        )
        for channel in Channel.objects.filter(provider="simulator"):
            channel.config = channel.config | {
                "services": [s["name"] for s in SERVICES],
                "city": "Campinas",
                "speed": 10,
            }
            channel.save(update_fields=["sealed_config"])

    def _bring_contacts(self) -> None:
        """Put the example spreadsheet in line, as an upload would; the workers import it when they start."""
        draft = imports.start_draft(SimpleUploadedFile(EXAMPLE.name, EXAMPLE.read_bytes()), actor=None)
        imports.enqueue(draft, mapping=draft.mapping, list_name="Contatos de exemplo")
