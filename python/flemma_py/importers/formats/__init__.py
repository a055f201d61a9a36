"""One file per format that can be imported. Each names a `FORMAT`; at most one of them knows a given source."""
