"""Makes the test vectors of docs/protocol; ``python -m tools.vectors`` writes them anew."""
