"""The log told in sentences: a verb and what the entry recorded become one sentence for people."""

from tocsin.incidents.sentences import (  # noqa: F401  they register what they tell
    alerts,
    comms,
    decisions,
    duties,
    duty,
    elsewhere,
    incident,
    machines,
    notes,
    paging,
    privilege,
    relations,
    sheet,
    situation,
    survival,
)
from tocsin.incidents.sentences.telling import SENTENCES, mark, sentence, sentence_html, with_people

__all__ = ["SENTENCES", "mark", "sentence", "sentence_html", "with_people"]
