"""Each chat and its session: what the file cannot hold is written down beside it, and comes back after a crash.

    keeping: Keeping             one per host: the store, in a thread; None where sessions are switched off
    await keeping.ask(question)  question(store) in a thread; raises `SessionError`
    session: ChatSession         one per chat: finds the session of the file, or makes one
    await session.bound()        its recorder, and the session's id in `session.sid`
    session.begin(…) ready() sending() heard() over()      one turn, in this order

Nothing here holds a chat up but `ready`, a quarter of a second at most, and no trouble of a journal harms the chat: it
is said once and goes to the log. `recovery.py` decides what of an unfinished reply is offered back, `offering.py` asks.
"""

from flemma_py.app.keeping.chat_session import ChatSession
from flemma_py.app.keeping.keeping import Keeping

__all__ = ["ChatSession", "Keeping"]
