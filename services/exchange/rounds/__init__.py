"""Rounds of matching: what is asked, what the solver's process answers, and the rings it means."""
