from conversations.joining import part_threads, unite_threads
from conversations.models import Conversation
from conversations.services.receive import handle_messages
from conversations.services.states import apply_known_statuses, move_up_to
from gateways.events import MessagesReceived, StatusesReceived, WatermarkPassed
from leads.services.joining import Part, register
from sagas.outbox import subscriber

register(Part("conversations", (Conversation,), unite_threads, part_threads))


@subscriber(MessagesReceived)
def store_received_messages(event: MessagesReceived) -> None:
    handle_messages(event)


@subscriber(StatusesReceived)
def move_message_states(event: StatusesReceived) -> None:
    apply_known_statuses(event.channel_id, event.external_ids)


@subscriber(WatermarkPassed)
def move_all_up_to_a_moment(event: WatermarkPassed) -> None:
    move_up_to(event)
