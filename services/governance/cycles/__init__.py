"""Participatory budgets: from the notice and the gatherings to the last project delivered."""
