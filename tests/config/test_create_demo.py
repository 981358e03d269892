"""The demonstration business: made once, with people to write to."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from accounts.models import Organization
from config.management.commands.create_demo import EXAMPLE
from core.phones import canonical
from core.tenancy import activate_organization
from gateways.providers.simulator.brain import virtual_contact
from gateways.providers.simulator.config import SimulatorConfig
from leads.jobs import resume_stalled_imports
from leads.models import Contact, ContactList
from tests.support.jobs import drain


@pytest.mark.django_db
def test_the_demo_is_made_once_and_has_people(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    login = call_command("create_demo")
    resume_stalled_imports()  # the sweep that finds it once the workers have started
    drain()
    demo = Organization.objects.get(is_demo=True)
    with activate_organization(demo.pk):
        assert ContactList.objects.get().size == Contact.objects.count() == 40
        assert all(contact.phone.startswith("+551990000") for contact in Contact.objects.all())
    assert call_command("create_demo") == login
    assert Organization.objects.filter(is_demo=True).count() == 1
    assert (tmp_path / "demo-login.txt").stat().st_mode & 0o077 == 0


def test_the_people_of_the_example_call_themselves_by_their_names() -> None:
    """Who answers for them on the Simulator says a name: it is the one that stands in the list."""
    rows = [line.split(";") for line in EXAMPLE.read_text(encoding="utf-8").splitlines()[1:]]
    for name, phone, *_more in rows:
        said = virtual_contact(SimulatorConfig(), canonical(phone).e164, 0).name
        assert name in {said, said.split()[0]}
    assert any(" " not in row[0] for row in rows), "some give only the first name, as in real lists"
