"""Disclosure: the clocks of duties to notify."""
