import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.models import User
from accounts.services.organizations import create_organization
from accounts.services.tokens import create_api_token
from billing.models import Plan
from billing.services import start_subscription
from core.tenancy import activate_organization
from sagas.outbox import deliver_due


class Command(BaseCommand):
    help = "Creates a business with its owner and prints an API token."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--owner-email", required=True)
        parser.add_argument("--password")
        parser.add_argument("--plan", default="trial")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if not Plan.objects.filter(code=options["plan"]).exists():
            raise CommandError(f"There is no plan {options['plan']!r}.")
        with transaction.atomic():
            owner = User.objects.filter(email__iexact=options["owner_email"]).first()
            if owner is None:
                email = options["owner_email"]
                owner = User.objects.create_user(email, options["password"], name=email.split("@")[0])
            membership = create_organization(options["name"], owner=owner)
            start_subscription(membership.organization, plan_code=options["plan"])
            with activate_organization(membership.organization_id):
                _token, plain = create_api_token("create_organization")
        deliver_due()
        answer = {"organization_id": str(membership.organization_id), "api_token": plain}
        self.stdout.write(json.dumps(answer) if options["json"] else f"{answer['organization_id']}\n{plain}")
