import pytest

from accounts.models import Organization
from sdr.services.profiles import get_profile, update_profile
from tests.sdr.talk import Talk
from tests.support.thread import simulator


@pytest.fixture
def talk(in_acme: Organization) -> Talk:
    services = [{"name": "Clareamento", "price_cents": 69000}]
    update_profile(get_profile(), {"services": services, "city": "Campinas", "area": ["Cambuí"]})
    return Talk(simulator())
