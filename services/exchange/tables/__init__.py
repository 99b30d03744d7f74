"""How the exchange lies in its database."""
