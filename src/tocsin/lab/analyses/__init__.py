"""Analyses over the lake: logons, lateral movement, processes, rare and new values, gaps, clocks, accounts.

Each analysis is one file: a function over a `Lake` with explicit thresholds, which returns an `Answer` of frozen
dataclasses. Each of these carries the numbers that led to the judgement and the events that prove it.
"""
