"""The log told in sentences: a verb and what the entry recorded become one sentence for people."""

from tocsin.incidents.sentences import (  # noqa: F401  they register what they tell
    alerts,
    duty,
    elsewhere,
    incident,
    machines,
    notes,
    paging,
    relations,
    situation,
    survival,
)
from tocsin.incidents.sentences.telling import SENTENCES, mark, sentence, sentence_html, with_people

__all__ = ["SENTENCES", "mark", "sentence", "sentence_html", "with_people"]
