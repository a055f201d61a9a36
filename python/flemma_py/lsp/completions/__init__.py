"""What can be completed, one source per file: each has a `SOURCE`, a function from a chat and a place to items, a
question, or None where the place is not one of its own. The first that takes a place has it."""
