"""The exchange: what networks offer and want, the rings in which they give, and their accounts."""
