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

Beside that, loaded when they are asked for: `whole` (a session as one object, made, saved and loaded), `events` (what
happens in a session, for whoever watches), `history` (when sessions began and ended), `workspace`.
"""

from importlib import import_module
from typing import Any

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

_LATER = {
    "events": ("Event", "EventLog", "Following", "Gap"),
    "history": (
        "History", "SessionHistoryEntry", "get_session_history", "import_session_history", "record_session_end",
        "record_session_start",
    ),
    "whole.functions": (
        "add_usage_for_endpoint", "append_checkpoint", "append_checkpoint_to_disk", "append_message",
        "append_message_to_disk", "append_meta_to_disk", "append_metric", "append_metric_for_endpoint",
        "append_tunnel_event_to_disk", "append_usage_entry", "cleanup_older_than", "delete", "dir", "ensure_meta",
        "export_markdown", "has_user_interaction", "list", "load", "metrics_for_endpoint", "rebuild_endpoint_stats",
        "save", "usage_for_endpoint",
    ),
    "whole.markdown": ("export_session_markdown",),
    "whole.memory": ("MemoryStore",),
    "whole.protocol": ("Store",),
    "whole.session": ("Session", "last_turn_index", "new_session"),
    "whole.store": ("JSONLStore", "default_dir", "new_default_store", "new_jsonl_store"),
    "workspace": ("current_workspace_path", "normalize_workspace_path"),
}  # fmt: skip
"""Names of modules of this room that start-up does without."""

_VALUES = ("MetricEvent", "TokenUsage", "TunnelEvent", "UsageEntry", "endpoint_stats_key")
_PLACES = {
    **{name: f"{__name__}.{module}" for module, names in _LATER.items() for name in names},
    **dict.fromkeys(_VALUES, "flemma_py.journal.entries"),
}


def __getattr__(name: str) -> Any:
    if (place := _PLACES.get(name)) is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(place), name)


def __dir__() -> Any:
    return sorted({*globals(), *_PLACES})
