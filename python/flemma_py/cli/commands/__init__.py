"""One file per command, each with a `COMMAND`."""
