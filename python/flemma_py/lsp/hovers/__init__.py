"""What is told of a spot, one kind of spot per file: each has a `HOVER`, a function from a chat and a spot to Markdown
(paragraphs), a question, or None where the spot is of another kind."""
