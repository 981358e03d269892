from conversations.services.receive import handle_messages
from conversations.services.states import apply_known_statuses
from gateways.events import MessagesReceived, StatusesReceived
from sagas.outbox import subscriber


@subscriber(MessagesReceived)
def store_received_messages(event: MessagesReceived) -> None:
    handle_messages(event)


@subscriber(StatusesReceived)
def move_message_states(event: StatusesReceived) -> None:
    apply_known_statuses(event.channel_id, event.external_ids)
