"""What an editor asks of a chat through the language server protocol: document in, plain dicts out.

Nothing here waits or reads: what must be found out first is a `questions` value that comes with its continuation, and
the app answers it. Columns are bytes, as in the whole document (`positionEncoding` utf-8), so no place is ever counted
anew. One feature is one file in `features/`; completion, hover and code actions have a folder each, as they have many
sources.
"""
