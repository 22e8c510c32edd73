"""Why a duty may apply or not: each reason names the fact, its value and the rule, in a sentence for counsel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tocsin.law.vocabulary import vocabulary

SENTENCES = {
    "role-held": "We are recorded as: {held}.",
    "role-not-held": "We are not recorded as: {roles}.",
    "role-unknown": "It is not recorded whether we are: {roles}.",
    "flag-true": "Recorded: {flag}.",
    "flag-follows": "Follows from what is recorded: {flag}.",
    "flag-false": "Recorded as not the case: {flag}.",
    "flag-unknown": "Not known yet: {flag}?",
    "data-affected": "Data affected: {held}.",
    "data-not-affected": "Not among the data affected: {data}.",
    "data-unknown": "Not known yet whether this data is affected: {data}.",
    "region-people": "People in {region} are affected ({people}).",
    "region-present": "We are or operate in {region}.",
    "region-no": "Nobody in {region} is affected, and we do not operate there.",
    "region-unknown": "Not known yet whether {region} is concerned: people affected there, or our operations.",
    "people-meets": "People affected in {region}: {people}; the rule asks for {rule}, which is met.",
    "people-fails": "People affected in {region}: {people}; the rule asks for {rule}, which is not met.",
    "people-unknown": "People affected in {region}: {people}; the rule asks for {rule}, so the number decides.",
    "part-meets": "In one part of {region} ({part}): {people} people affected; the rule asks for {rule}, which is met.",
    "part-fails": "In no part of {region} are {rule} people affected.",
    "part-unknown": "Not known yet whether {rule} people are affected in one part of {region}.",
    "judge": "For counsel to judge: {question}",
    "status": "Not in force: {status}. {note}",
    "not-yet": "Not in force at the time of this incident: it applies from {effective_from}. {note}",
    "confirmed": "Counsel has confirmed that this has to be notified.",
    "rejected": "Counsel has ruled that this is not to be notified.",
}


@dataclass(frozen=True)
class Reason:
    """One reason: its key (one of SENTENCES) and its values, by which a page may word it in another language."""

    key: str
    values: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def sentence(self) -> str:
        """The reason in plain English."""
        words = vocabulary()
        values = dict(self.values)
        for name, known in (("roles", words.roles), ("held", {**words.roles, **words.data}), ("data", words.data)):
            if name in values:
                values[name] = "; ".join(f"{known.get(code, code)} ({code})" for code in values[name].split(", "))
        if "flag" in values:
            values["flag"] = f"{words.flags.get(values['flag'], values['flag'])} ({values['flag']})"
        return SENTENCES[self.key].format(**values).strip()
