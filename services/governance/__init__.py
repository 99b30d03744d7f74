"""The place where a network decides: proposals, ballots, counts, assemblies and their record."""
