"""Filters: what a user takes out of other people's rules.

A filter's condition can be meant in two ways. The specification writes `condition: selection` for what is to be left
out; pySigma joins the condition to the rule with `and`, so that its filters say `condition: not selection` for the
same. The form decides: a condition in which everything stands under `not` says what is kept, any other one what is
left out. The choice is said of each filter (see `FilterNote`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sigma.conditions import ConditionAND, ConditionNOT, ConditionOR, SigmaCondition
from sigma.exceptions import SigmaError
from sigma.filters import SigmaFilter
from sigma.rule import SigmaRule

from tocsin.lab.sigma.compiled import FilterNote, RefusedRule
from tocsin.lab.sigma.documents import Document

LEFT_OUT = "what it matches is left out"
KEPT = "only what fulfils it is kept"


class Filter:
    """One filter, and how many rules it was applied to."""

    def __init__(self, document: Document) -> None:
        """Raises SigmaError where the document is no filter."""
        self.document = document
        parsed = SigmaFilter.from_dict(document.content)
        inner = parsed.filter
        (condition,) = inner.condition
        self.form = KEPT if _all_negative(SigmaCondition(condition, inner).parse(False)) else LEFT_OUT
        SigmaCondition(condition, inner).parse()  # also what it names must be there
        if self.form == LEFT_OUT:
            inner.condition[0] = f"not ({condition})"
        rules = inner.rules
        self.wanted = [] if isinstance(rules, str) else [str(each.reference).lower() for each in rules]
        """The ids and names of the rules that it is for; none: all with its log source."""
        self.applied = 0
        # Who is meant is decided here: in pySigma names count only for rules of one collection.
        self._for_all = replace(parsed, filter=replace(inner, rules="any"))

    def apply(self, rule: SigmaRule, document: Document) -> None:
        """Work the filter into a rule if it is for this rule."""
        if self.wanted and not set(self.wanted).intersection(document.names):
            return
        before = list(rule.detection.condition)
        self._for_all.apply_on_rule(rule)
        if rule.detection.condition != before:
            self.applied += 1

    @property
    def note(self) -> FilterNote:
        """What a report says of the filter."""
        title = str(self.document.content.get("title") or self.document.file)
        return FilterNote(self.document.file, title, self.form, self.applied)


def read_filter(document: Document) -> Filter | RefusedRule:
    """Return the filter that a document is, or why it is none."""
    try:
        return Filter(document)
    except SigmaError as error:
        return document.refused("filter", f"not a valid Sigma filter: {error}")
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        return document.refused("filter", f"not a valid Sigma filter: {type(error).__name__}: {error}")


def _all_negative(tree: Any) -> bool:
    if isinstance(tree, (ConditionAND, ConditionOR)):
        return all(_all_negative(child) for child in tree.args)
    return isinstance(tree, ConditionNOT)
