"""What makes ten thousand sessions listed, searched and summed in an instant: one SQLite file, made from the journals.

It holds nothing that is not in them, lies in the cache and may be deleted at any time: then it is made anew in the
background, and until that is done the journals themselves are read. It is brought up to date off the path of a send,
and no failure of it is one of a session.
"""
