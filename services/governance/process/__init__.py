"""The life of a decision: steps that were taken, what follows from them, and what may come next."""
