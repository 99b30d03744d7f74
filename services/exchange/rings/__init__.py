"""Rings of barter: what may be proposed, who must say yes, and how it ends."""
