from gateways.models.channel import Channel, ChannelEvent, ChannelRole, ChannelState, NumberCheck
from gateways.models.receipt import MessageStatus, Receipt, ReceiptState
from gateways.models.simulation import SimulatedHook

__all__ = [
    "Channel",
    "ChannelEvent",
    "ChannelRole",
    "ChannelState",
    "MessageStatus",
    "NumberCheck",
    "Receipt",
    "ReceiptState",
    "SimulatedHook",
]
