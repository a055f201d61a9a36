"""What can be done at a place, one kind per file: each has an `ACTIONS`, a function from a chat and a range of lines
(first and last, both included) to code actions, a question, or None."""
