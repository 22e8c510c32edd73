"""The state of communications."""

from tocsin.comms.models.audiences import Audience, Recipient
from tocsin.comms.models.messages import Approval, ApprovalKind, Delivery, Draft, Message, MessageState
from tocsin.comms.models.public import Question, StatusPage, StatusWord
from tocsin.comms.models.waves import Wave, WaveState, WaveStep

__all__ = [
    "Approval", "ApprovalKind", "Audience", "Delivery", "Draft", "Message", "MessageState", "Question", "Recipient",
    "StatusPage", "StatusWord", "Wave", "WaveState", "WaveStep",
]  # fmt: skip
