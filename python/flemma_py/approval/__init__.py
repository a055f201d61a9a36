"""Who may run what: from a call of a tool and the owner's rules to approve, ask or deny, with the reason.

Pure: what a path really is, and where tools may write, are told by callables. Whatever cannot be told asks. The rules
are comfort, not a wall: a program that may run may do whatever it can do.
"""
