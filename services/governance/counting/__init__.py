"""Counting: pure functions from ballots to a report, exact and the same on every machine.

No float decides anything, nothing depends on the order in which ballots arrive, and what only a
lot can decide is decided by the public lot of ``ties``.
"""
