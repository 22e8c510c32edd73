"""Everything that can happen to alerts and where they come from, by subject."""

from tocsin.alerts.actions.judging import attach_alert, judge_alert
from tocsin.alerts.actions.sources import add_source, change_source, renew_secret
from tocsin.alerts.actions.taking import Taken, take_alerts

__all__ = ["Taken", "add_source", "attach_alert", "change_source", "judge_alert", "renew_secret", "take_alerts"]
