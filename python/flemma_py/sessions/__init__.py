"""Sessions: what a `.chat` file cannot hold, kept beside it, so that nothing is lost and what it cost is known.

The truth is one journal per session, a file of JSON lines that is only ever added to (`journal/` knows what they mean).
The index, one SQLite file in the cache, is made from the journals and makes them quick to list, search and sum.

    store = SessionStore(state, cache, mirror="text", redact=…)     the composition root makes one per host
    store.start()                                                   keep the index, in a thread
    recorder = store.create(cwd=…, workspace=…)                     or store.open(sid); store.identify(file) says which
    receipt = recorder.begin_turn(turn_id, sayings, model=…)        in a thread, before the request leaves
    problem = await waiting.trouble(receipt)                        at most 250 ms; the record follows if it is late
    recorder.usage(entry(request), request_id=…, turn=turn_id)      at once, and so are all that tell of no texts
    recorder.look(lambda fold: fold.sums)                           what is known, while others may record
    store.page(Filter(workspace=…)); store.search("words"); store.sums_by("day")
    recorder.close(); store.close()

What may block: everything of `SessionStore` but its constructor and `start`, so call it in a thread. Of a `Recorder`
only `begin_turn`, `say`, `checkpoint`, `rewind` and `refresh` may read or keep large texts; the others hand
their record to the writer's thread and return a `Receipt` (a `concurrent.futures.Future`), done when it is written, and
on the disk where its kind is a durable one. A receipt fails with a `SessionError`, whose message is for the user; the
record is tried again until it is written, unless `follows=False` was said.

Who works in a session holds its lease as long as its `Recorder` is open: `recorder.lease` is None where another process
has it (`recorder.holder` says who). Such a one may record all the same; it must not `recover`.
"""

from flemma_py.journal.fold import Fold
from flemma_py.journal.identity import ChatFile, Copied, Identity, Known, Likely, Unknown
from flemma_py.journal.ledger import Booking, Ledger, Sums
from flemma_py.journal.sayings import Mirror, Saying
from flemma_py.sessions.questions import Filter, Hit, Page, Row, Spending
from flemma_py.sessions.recorder import Recorder
from flemma_py.sessions.removal import Cleaned, Trashed
from flemma_py.sessions.store import SessionStore
from flemma_py.sessions.writer import Receipt

__all__ = [
    "Booking",
    "ChatFile",
    "Cleaned",
    "Copied",
    "Filter",
    "Fold",
    "Hit",
    "Identity",
    "Known",
    "Ledger",
    "Likely",
    "Mirror",
    "Page",
    "Receipt",
    "Recorder",
    "Row",
    "Saying",
    "SessionStore",
    "Spending",
    "Sums",
    "Trashed",
    "Unknown",
]
