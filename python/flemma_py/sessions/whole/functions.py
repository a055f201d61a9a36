"""The methods of stores and sessions as functions, each by its own name.

A function of a store takes it as its first argument, or as `store`; without one it is the store that the session came
from, and else the default one: `append_message(session, message)`, `load(store, id)`, `list()`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flemma_py.sessions.whole.memory import MemoryStore
from flemma_py.sessions.whole.session import Session
from flemma_py.sessions.whole.store import JSONLStore, default_dir, new_default_store

OF_STORES = (
    "append_checkpoint", "append_checkpoint_to_disk", "append_message", "append_message_to_disk", "append_meta_to_disk",
    "append_metric", "append_tunnel_event_to_disk", "append_usage_entry", "cleanup_older_than", "delete", "dir",
    "ensure_meta", "export_markdown", "list", "load", "save",
)  # fmt: skip
OF_SESSIONS = (
    "add_usage_for_endpoint", "append_metric_for_endpoint", "has_user_interaction", "metrics_for_endpoint",
    "rebuild_endpoint_stats", "usage_for_endpoint",
)  # fmt: skip

_defaults: dict[str, JSONLStore] = {}


def default_store() -> JSONLStore:
    """The one of Neovim's sessions, opened once."""
    return _defaults.get(where := default_dir()) or _defaults.setdefault(where, new_default_store())


def _of_store(name: str) -> Callable[..., Any]:
    def function(*arguments: Any, store: Any = None, **more: Any) -> Any:
        if arguments and isinstance(arguments[0], JSONLStore | MemoryStore):
            store, *rest = arguments
            return getattr(store, name)(*rest, **more)
        home = arguments[0].home if arguments and isinstance(arguments[0], Session) else None
        return getattr(store or home or default_store(), name)(*arguments, **more)

    return _named(function, name, getattr(JSONLStore, name).__doc__)


def _named(function: Callable[..., Any], name: str, told: str | None) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = told
    return function


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: _of_store(name) for name in OF_STORES},
    **{name: getattr(Session, name) for name in OF_SESSIONS},
}


def __getattr__(name: str) -> Callable[..., Any]:
    try:
        return FUNCTIONS[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
