import pytest
from django.test import Client


@pytest.mark.parametrize(("typed", "page"), [("/dashboard/", "/inicio/"), ("/campaigns/", "/campanhas/")])
def test_the_addresses_that_people_type_lead_to_the_pages(client: Client, typed: str, page: str) -> None:
    answer = client.get(typed)
    assert (answer.status_code, answer["Location"]) == (302, page)
