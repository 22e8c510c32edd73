"""The room of alerts: what was detected elsewhere, taken in, told apart, and judged."""
