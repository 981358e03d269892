from collections.abc import Callable

import pytest

from leads.models import Contact, Import, ImportState, ListMembership
from tests.leads.conftest import counts

Run = Callable[..., Import]


def test_four_counts_add_up_to_the_rows(import_file: Run) -> None:
    Contact.objects.create(name="Bia", phone="+5531988887777", phone_key="+5531988887777")
    run = import_file(
        "nome;telefone;cidade\n"
        "Ana;(11) 99999-8888;Campinas\n"
        "Bia;31 8888-7777;\n"
        "Caio;123;\n"
        "Ana outra vez;11999998888;\n"
        "Davi;+55 21 98765-4321;Rio\n"
    )
    assert run.state == ImportState.COMPLETED, run.error
    assert counts(run) == (2, 1, 1, 1)
    assert run.rows == 5
    assert Contact.objects.get(phone_key="+5511999998888").name == "Ana"
    assert run.contact_list is not None and run.contact_list.size == 3
    assert ListMembership.objects.filter(contact_list=run.contact_list).count() == 3


pytestmark = pytest.mark.django_db
