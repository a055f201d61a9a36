"""The event log of a session, `events.jsonl`: what happens in it, told in order to whoever watches, in this process or
another, now or later.

    log = store.events(sid)                                        in a thread: it reads what is there
    epoch = log.epoch                                              whoever goes on telling keeps the epoch it began in
    log.append("turn_state", {"turn": turn, "state": "running"}, stream_id=turn, epoch=epoch)
    log.append("message_delta", {"mid": mid, "text": "Hel"}, stream_id=turn, epoch=epoch)
    log.bump_epoch("rewind")                                       what was told before holds no more; in a thread
    log.replay(after=event_id, types={"usage"})                    what is kept behind an event; in a thread
    async for told in log.subscribe(after=event_id):               that, and then what comes
        match told:
            case Event(): …
            case Gap(): …                                          something is missing here: ask elsewhere
    Following(folder, after=event_id).poll()                       the same by hand, from any process
    log.trim(max_events=500); log.flush(); log.close()             in a thread

`append` returns at once with the event's id, from any thread and without touching a file: a thread writes what has come
in 50 ms, deltas (types that end in `_delta`) of one stream joined to one event. It raises `SessionError` only for data
that no line can hold. Nothing is written before the session itself has a journal, nor after it was deleted.

Delivery is at least once: keep ids where twice would matter. `subscribe`, `replay` and `Following` begin with the
latest `session_info`, `status` and `activity` from before the place where they go on, `after`: None for the beginning
of what is kept. They tell a `Gap` wherever events are missing: trimmed ones, damaged lines, a file that was replaced,
an id that nobody knows any more. An event with an epoch that is over is dropped and counted, in `dropped`.

The log is cut into segments of a quarter of `max_events` (2,000), or 4 MiB; of the whole at least that many events are
kept, and at most 16 MiB. With the mirror `hash` or `off` no text gets in. Where a log is missing no record is: the
truth is the journal.
"""

from flemma_py.journal.events import TYPES, Event, Gap, Told
from flemma_py.sessions.events.following import Following
from flemma_py.sessions.events.log import EventLog

__all__ = ["TYPES", "Event", "EventLog", "Following", "Gap", "Told"]
