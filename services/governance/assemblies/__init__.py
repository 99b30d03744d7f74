"""General assemblies: called, met, counted in the room, and written down, as what was recorded."""
