"""Frozen values that flow between the rooms. No behaviour beyond derived properties, no I/O, no validation."""
