"""What disclosure writes, by subject: clocks of the playbook, duties by law, counsel's word, filings and delays, notices."""

from tocsin.disclosure.actions.clocks import carry_clocks, keep_clocks, open_clocks, stale_clocks
from tocsin.disclosure.actions.duties import confirm_duty, mark_duty_overdue, recompute, reject_duty
from tocsin.disclosure.actions.filing import carry_duties, delay_stage, file_stage, strike_filing
from tocsin.disclosure.actions.notices import draft_notice, edit_notice, finish_notice

__all__ = [
    "carry_clocks",
    "carry_duties",
    "confirm_duty",
    "delay_stage",
    "draft_notice",
    "edit_notice",
    "file_stage",
    "finish_notice",
    "keep_clocks",
    "mark_duty_overdue",
    "open_clocks",
    "recompute",
    "reject_duty",
    "stale_clocks",
    "strike_filing",
]
