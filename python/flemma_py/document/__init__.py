"""Text of a `.chat` file to tree and back. `parser` reads, `serializer` writes, and both take from `lines` what a line
means, so that what one writes the other can read."""
