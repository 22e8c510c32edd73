"""What every part of the plan's schema stands on: strictness, and the shape of a key."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Key = Annotated[str, Field(pattern=r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$", max_length=80)]


class Strict(BaseModel):
    """A part of the plan: unknown keys are errors, because a misspelt key is a step that never runs."""

    model_config = ConfigDict(extra="forbid", frozen=True)
