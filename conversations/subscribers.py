from conversations.services.receive import handle_messages
from conversations.services.states import apply_known_statuses, move_up_to
from gateways.events import MessagesReceived, StatusesReceived, WatermarkPassed
from sagas.outbox import subscriber


@subscriber(MessagesReceived)
def store_received_messages(event: MessagesReceived) -> None:
    handle_messages(event)


@subscriber(StatusesReceived)
def move_message_states(event: StatusesReceived) -> None:
    apply_known_statuses(event.channel_id, event.external_ids)


@subscriber(WatermarkPassed)
def move_all_up_to_a_moment(event: WatermarkPassed) -> None:
    move_up_to(event)
