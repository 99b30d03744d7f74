"""The health of governance: thirteen signs by which members see early whether they still decide.

Each is a pure function of facts and a span of time. None is ever a ranking of people or networks.
"""
