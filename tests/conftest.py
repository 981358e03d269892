"""Fixtures of every test: real PostgreSQL and Redis, and the cast.

Ana owns Acme, Bruno works there as an agent, Vera only looks, Carla owns another organization and must see nothing,
Davi is platform staff.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

os.environ.setdefault("PROSA_DATA", os.environ.get("PROSA_TEST_DATA", "/tmp/prosa-test"))
Path(os.environ["PROSA_DATA"]).mkdir(parents=True, exist_ok=True)

from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from pytest_django import DjangoDbBlocker  # noqa: E402
from pytest_django.fixtures import Settings  # noqa: E402

from accounts.models import Membership, Organization, Role, User  # noqa: E402
from billing.models import Plan, Subscription  # noqa: E402
from campaigns.bench import database_url  # noqa: E402
from core.tenancy import across_organizations, activate_organization  # noqa: E402
from tests.support.fake_focus import FakeFocus, fake_focus  # noqa: E402
from tests.support.fake_stripe import FakeStripe, fake_stripe  # noqa: E402
from tests.support.redis import forget_keys  # noqa: E402
from tests.support.template import ensure_template  # noqa: E402

PASSWORD = "correto-cavalo-42"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,
    django_db_keepdb: bool,
    django_db_createdb: bool,
    django_db_blocker: DjangoDbBlocker,
) -> None:
    """Test databases are copies of one that has been migrated."""
    if django_db_createdb or not django_db_keepdb:
        with django_db_blocker.unblock():
            connection.settings_dict["TEST"]["TEMPLATE"] = ensure_template(database_url())


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The last test may be over before a thread of a server that it ran is: nobody's session outlives the database."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(autouse=True)
def _clean_redis() -> Iterator[None]:
    yield
    forget_keys()


@pytest.fixture
def make_organization(db: None) -> Callable[..., Organization]:
    def make(name: str, plan: str = "enterprise") -> Organization:
        organization = Organization.objects.create(name=name)
        Subscription.objects.create(organization=organization, plan=Plan.objects.get(code=plan))
        return organization

    return make


@pytest.fixture
def make_member(db: None) -> Callable[..., Membership]:
    def make(organization: Organization, name: str, role: Role = Role.AGENT) -> Membership:
        email = f"{name.lower()}@example.com"
        user = User.objects.filter(email=email).first() or User.objects.create_user(email, PASSWORD, name=name)
        with across_organizations():
            return Membership.objects.create(organization=organization, user=user, role=role)

    return make


@pytest.fixture
def acme(make_organization: Callable[..., Organization]) -> Organization:
    return make_organization("Acme")


@pytest.fixture
def in_acme(acme: Organization) -> Iterator[Organization]:
    """Acme is the active organization for the whole test."""
    with activate_organization(acme.pk):
        yield acme


@pytest.fixture
def ana(acme: Organization, make_member: Callable[..., Membership]) -> Membership:
    return make_member(acme, "Ana", Role.OWNER)


@pytest.fixture
def bruno(acme: Organization, make_member: Callable[..., Membership]) -> Membership:
    return make_member(acme, "Bruno", Role.AGENT)


@pytest.fixture
def vera(acme: Organization, make_member: Callable[..., Membership]) -> Membership:
    return make_member(acme, "Vera", Role.VIEWER)


@pytest.fixture
def carla(make_organization: Callable[..., Organization], make_member: Callable[..., Membership]) -> Membership:
    return make_member(make_organization("Bela Flor"), "Carla", Role.OWNER)


@pytest.fixture
def davi(db: None) -> User:
    return User.objects.create_superuser("davi@example.com", PASSWORD, name="Davi")


@pytest.fixture
def login() -> Callable[[Membership | User], Client]:
    """Return a browser logged in as the person."""

    def log_in(who: Membership | User) -> Client:
        client = Client()
        client.force_login(
            who.user if isinstance(who, Membership) else who, "django.contrib.auth.backends.ModelBackend"
        )
        if isinstance(who, Membership):
            session = client.session
            session["organization_id"] = str(who.organization_id)
            session.save()
        return client

    return log_in


@pytest.fixture
def stripe_server(settings: Settings) -> Iterator[FakeStripe]:
    """A Stripe on loopback that the product talks to."""
    with fake_stripe() as server:
        settings.ALLOW_PRIVATE_HOSTS = True
        settings.STRIPE_API_BASE = server.url
        yield server


@pytest.fixture
def focus_server(settings: Settings) -> Iterator[FakeFocus]:
    """A Focus NFe on loopback that the product talks to."""
    with fake_focus() as server:
        settings.ALLOW_PRIVATE_HOSTS = True
        settings.FOCUS_NFE_BASES = {"producao": server.url, "homologacao": server.url}
        yield server
