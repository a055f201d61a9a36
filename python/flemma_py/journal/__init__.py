"""What a session's journal says: its lines, its records, and what they come to. Values only; `sessions/` has the files.

A chat's file holds the conversation. The journal holds what that cannot: what was sent and how it ended, what it used,
what was cut away, where the chat came from. It is only ever added to; order is the order of the file.

`lines` reads and writes records as checked lines, `records` names them, `fold` plays them to a state, `ledger` sums
what they cost, `sayings` compares a chat's messages with those that are known, `identity` tells whose chat a file is.
"""
