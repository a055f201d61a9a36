"""One feature of the protocol per file: each has a `FEATURE`."""
