"""Tests of the room of alerts."""
