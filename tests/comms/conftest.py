"""The people of communications, for every test of the room."""

from comms_cast import cast

__all__ = ["cast"]
