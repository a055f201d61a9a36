"""One file per format, each with a `FORMAT`."""
