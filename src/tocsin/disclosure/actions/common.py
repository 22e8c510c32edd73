"""What the actions on duties share: finding a duty by its regime, and a stage by its name."""

from __future__ import annotations

from tocsin.core.action import Invalid
from tocsin.disclosure.models import Duty, DutyReading, Notice, Verdict
from tocsin.disclosure.regimes import regimes_of
from tocsin.incidents.models import Incident
from tocsin.law.models import Regime, Stage


def regime_named(incident: Incident, regime: str) -> Regime:
    """The regime of that id in this incident's library. Raises Invalid."""
    found = regimes_of(incident).get(regime)
    if found is None:
        raise Invalid(f"'{regime[:80]}' is no duty of Tocsin's library or of this incident's plan.", "regime")
    return found


def stage_of(incident: Incident, regime: str, stage: str) -> Stage:
    """A stage of a regime by its name. Raises Invalid that names those there are."""
    known = regime_named(incident, regime).stages
    found = next((s for s in known if s.name == stage), None)
    if found is None:
        there = "; ".join(s.name for s in known)
        raise Invalid(f"'{stage[:80]}' is no stage of this duty; there are: {there}.", "stage")
    return found


def duty_of(incident: Incident, regime: str, sequence: int) -> Duty:
    """The duty of that regime, as it stands; a new one, not stored yet, where nobody had to do with it so far."""
    known = regime_named(incident, regime)
    found = Duty.objects.filter(incident=incident, regime=regime).first()
    if found is not None:
        return found
    reading = DutyReading.objects.filter(incident=incident).first()
    verdict = (reading.verdicts if reading else {}).get(regime, str(Verdict.CANNOT_TELL))
    return Duty(incident=incident, regime=regime, name=known.name[:300], verdict=verdict, sequence=sequence)


def finished_notice(duty: Duty, stage: str, number: int | None) -> Notice | None:
    """The finished notice of that number of a stage. Raises Invalid for a draft, and for one of another stage."""
    if number is None:
        return None
    found = Notice.objects.filter(duty=duty, stage=stage, number=number).first()
    if found is None:
        raise Invalid(f"There is no notice N-{number} of this stage.", "notice")
    if not found.is_final:
        raise Invalid(f"N-{number} is a draft still. Finish it first, so that its text is kept.", "notice")
    return found
