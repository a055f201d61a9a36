"""Shell commands as data: a text for bash becomes simple commands of words, and what of it cannot be told.

Two readers have to agree: the tree of tree-sitter's grammar of bash, which explains the structure, and a small
tokenizer of our own, which knows only what is literal. Where the tree does not explain everything, or the two differ,
there is a `Problem`, and no rule allows the command.
"""
