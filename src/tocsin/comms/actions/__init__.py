"""The acts of communications: the only code of the room that writes."""

from tocsin.comms.actions.approving import (
    approve_legally,
    confirm_stands,
    mark_outdated,
    return_message,
    review_message,
    submit_message,
)
from tocsin.comms.actions.audiences import add_audience, fill_audience
from tocsin.comms.actions.public import (
    approve_answer,
    close_status_page,
    drop_question,
    open_status_page,
    write_question,
)
from tocsin.comms.actions.releasing import acknowledge, finish_message, recall_message, release_message
from tocsin.comms.actions.waves import (
    finish_wave,
    hold_wave,
    loosen_step,
    pause_wave,
    plan_wave,
    recall_wave,
    release_wave,
)
from tocsin.comms.actions.writing import draft_message, edit_message, open_drafts, withdraw_message

__all__ = [
    "acknowledge", "add_audience", "approve_answer", "approve_legally", "close_status_page", "confirm_stands",
    "draft_message", "drop_question", "edit_message", "fill_audience", "finish_message", "finish_wave", "hold_wave",
    "loosen_step", "mark_outdated", "open_drafts", "open_status_page", "pause_wave", "plan_wave", "recall_message",
    "recall_wave", "release_message", "release_wave", "return_message", "review_message", "submit_message",
    "withdraw_message", "write_question",
]  # fmt: skip
