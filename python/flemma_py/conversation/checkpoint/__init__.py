"""A checkpoint: a model sums up what was said, and requests start at its summary.

`seam` says up to where, `summary` what is asked and how the answer stands in the chat, `words` and `steps` are the part
of the machine that asks. Nothing is written before the whole summary is there and found to be smaller than what it
stands for.
"""
