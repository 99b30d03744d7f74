"""Decisions between networks: each votes by itself, and each computes the outcome for itself.

What a ballot has come to is a function of all that was told of it, whatever its order. There is no
clock, no database and no line in here.
"""
