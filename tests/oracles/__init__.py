"""Other people's counts beside ours: libraries in an environment of their own, asked by text."""
