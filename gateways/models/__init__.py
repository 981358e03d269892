from gateways.models.channel import (
    SENDING_ROLES,
    Channel,
    ChannelEvent,
    ChannelRole,
    ChannelState,
    NumberCheck,
)
from gateways.models.pool import (
    ChannelHour,
    DrillState,
    IncidentKind,
    MissingSpan,
    PaceSettings,
    PoolDrill,
    PoolIncident,
)
from gateways.models.portfolio import Portfolio, PortfolioContact
from gateways.models.receipt import MessageStatus, Receipt, ReceiptState
from gateways.models.simulation import SimulatedHook
from gateways.models.template import MessageTemplate, TemplateCategory, TemplateStatus

__all__ = [
    "SENDING_ROLES",
    "Channel",
    "ChannelEvent",
    "ChannelHour",
    "ChannelRole",
    "ChannelState",
    "DrillState",
    "IncidentKind",
    "MessageStatus",
    "MessageTemplate",
    "MissingSpan",
    "NumberCheck",
    "PaceSettings",
    "PoolDrill",
    "PoolIncident",
    "Portfolio",
    "PortfolioContact",
    "Receipt",
    "ReceiptState",
    "SimulatedHook",
    "TemplateCategory",
    "TemplateStatus",
]
