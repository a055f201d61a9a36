"""Programs that put a wall around a command: one module each, with its `BACKEND`."""
