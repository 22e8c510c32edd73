"""The ground: the log and its reactions, the clock, access, the outbox and jobs."""
