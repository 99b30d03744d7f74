"""Finding rings of barter, with a proof of how good they are: pure code, without input or output.

Only ``process`` and ``wire`` may be imported by the service: all else needs numpy, and runs in a
process of its own.
"""
