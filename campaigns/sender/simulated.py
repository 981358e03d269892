"""The Simulator as a thread of the sender calls it."""

from django.db import DatabaseError, InterfaceError, connection

from gateways.calls import HttpCall, HttpReply, SimulatorPort
from gateways.models import Channel
from gateways.services.simulation import simulator_port


def closing_port(channel: Channel) -> SimulatorPort:
    """Return the Simulator's server, whose thread gets a new connection after an error of the database."""
    port = simulator_port(channel)

    def serve(call: HttpCall) -> HttpReply:
        try:
            return port(call)
        except (DatabaseError, InterfaceError):
            connection.close()
            raise

    return serve
