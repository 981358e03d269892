"""How another process finds this process's database."""

from django.db import connection


def database_url() -> str:
    """Return the address of the database that this process uses, also a test's."""
    values = connection.settings_dict
    place = values.get("OPTIONS", {}).get("host") or values["HOST"]
    user = f"{values['USER']}:{values['PASSWORD']}" if values["PASSWORD"] else values["USER"]
    port = f":{values['PORT']}" if values["PORT"] else ""
    host = f"?host={place.replace('/', '%2F')}" if place.startswith("/") else ""
    netloc = f"{user}@{'' if host else place}{port}"
    return f"postgresql://{netloc}/{values['NAME']}{host}"
