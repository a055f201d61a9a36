"""Session objects by themselves, what stands beside them, and their JSON."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.wire.object_support import CALLS, HELLO, NOW, REPLY, RESULT, objects, session, talk
from tests.wire.session_support import Clock

import flemma_py.sessions as sessions
from flemma_py.errors import SessionError
from flemma_py.sessions import (
    JSONLStore,
    MemoryStore,
    MetricEvent,
    Session,
    Store,
    TokenUsage,
    TunnelEvent,
    UsageEntry,
    append_message,
    current_workspace_path,
    default_dir,
    endpoint_stats_key,
    export_session_markdown,
    last_turn_index,
    new_default_store,
    new_jsonl_store,
    normalize_workspace_path,
)
from flemma_py.sessions.troubles import NoSuchSession


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[JSONLStore]:
    with objects(tmp_path) as store:
        yield store


NAMES = [
    "current_workspace_path", "default_dir", "endpoint_stats_key", "export_session_markdown", "last_turn_index",
    "normalize_workspace_path", "new_default_store", "new_jsonl_store", "append_checkpoint",
    "append_checkpoint_to_disk", "append_message", "append_message_to_disk", "append_meta_to_disk", "append_metric",
    "append_tunnel_event_to_disk", "append_usage_entry", "cleanup_older_than", "delete", "dir", "ensure_meta",
    "export_markdown", "list", "load", "save", "new_session", "add_usage_for_endpoint",
    "append_metric_for_endpoint", "has_user_interaction", "metrics_for_endpoint", "rebuild_endpoint_stats",
    "usage_for_endpoint",
]  # fmt: skip
TYPES = ["JSONLStore", "Session", "Store", "TunnelEvent", "UsageEntry"]


@pytest.mark.parametrize("name", NAMES + TYPES)
def test_each_name_can_be_imported_and_has_a_test(name: str) -> None:
    assert callable(getattr(sessions, name)) and name in dir(sessions)
    told = "".join(path.read_text() for path in Path(__file__).parent.glob("test_session_*.py"))
    assert f"def test_{name}_" in told or name in TYPES


def test_an_unknown_name_is_none_of_the_room() -> None:
    with pytest.raises(AttributeError):
        sessions.no_such_name  # noqa: B018
    with pytest.raises(AttributeError):
        sessions.whole.functions.no_such_name  # noqa: B018


# ---- beside stores


def test_current_workspace_path_is_where_the_process_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path / "link")
    assert current_workspace_path() == str((tmp_path / "real").resolve()) == sessions.workspace.current()


def test_normalize_workspace_path_resolves_links_and_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert normalize_workspace_path(f"  {tmp_path}/link/../link/ ") == str((tmp_path / "real").resolve())
    assert normalize_workspace_path("/no/such/../folder") == "/no/folder"
    assert normalize_workspace_path("") == normalize_workspace_path(" ") == normalize_workspace_path("\0") == ""


def test_default_dir_is_where_neovim_keeps_its_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("NVIM_APPNAME", raising=False)
    assert default_dir() == str(tmp_path / "nvim" / "flemma" / "sessions")
    monkeypatch.setenv("NVIM_APPNAME", "other")
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_dir() == str(tmp_path / ".local" / "state" / "other" / "flemma" / "sessions")


def test_new_default_store_and_functions_without_a_store_use_the_default_dir(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = session()
    append_message(made, HELLO)
    store = new_default_store()
    assert store.dir() == default_dir() and sessions.load(made.id).messages == store.load(made.id).messages == [HELLO]
    assert made.home is not None
    made.home.close()
    store.close()


def test_new_jsonl_store_makes_its_folder_for_its_owner_alone(tmp_path: Path) -> None:
    store = new_jsonl_store(str(tmp_path / "a" / "b"))
    assert Path(store.dir()).stat().st_mode & 0o777 == 0o700 and isinstance(store, Store)
    store.close()
    (tmp_path / "file").write_text("")
    with pytest.raises(SessionError):
        new_jsonl_store(tmp_path / "file")


def test_dir_is_the_folder(kept: JSONLStore, tmp_path: Path) -> None:
    assert kept.dir() == sessions.dir(kept) == str(tmp_path / "sessions")


@pytest.mark.parametrize(
    ("vendor", "endpoint", "key"),
    [("v", "e", "v/e"), (" v ", "\te\n", "v/e"), ("", "e", "e"), ("v", " ", "v"), ("", "", "")],
)
def test_endpoint_stats_key_joins_what_is_there(vendor: str, endpoint: str, key: str) -> None:
    assert endpoint_stats_key(vendor, endpoint) == key


def test_last_turn_index_is_the_largest_of_all_not_the_last() -> None:
    made = session()
    assert last_turn_index(None) == last_turn_index(made) == 0
    made.usage_history = [UsageEntry(turn_index=7), UsageEntry(turn_index=3)]
    made.metrics = [MetricEvent(turn_index=9), MetricEvent(turn_index=1)]
    assert last_turn_index(made) == 9


def test_new_session_has_an_id_and_nothing_on_the_disk(kept: JSONLStore) -> None:
    one, two = session(), session()
    assert one.id != two.id and one.title == "New session" and one.created_at == one.updated_at
    assert (one.vendor, one.endpoint, one.model) == ("anthropic", "api", "claude")
    assert not Path(kept.dir(), one.id).exists()


def test_export_session_markdown_has_all_that_is_said() -> None:
    made = session()
    made.title = "A talk"
    made.messages = [*CALLS, {"role": "assistant", "content": "a\n````\nb"}]
    told = export_session_markdown(made)
    assert told.startswith("# A talk\n") and f"- **ID**: {made.id}" in told and "- **Messages**: 4" in told
    assert "## User\n\nHello\n" in told and "## Assistant\n\nHi\n" in told
    assert '**Tool call**: bash\n\n```json\n{\n  "command": "ls"\n}\n```' in told
    assert "**Tool result**: bash\n\n```\na\nb\n```" in told and told.count("\n---\n") == 4


def test_export_session_markdown_has_fences_longer_than_those_in_results() -> None:
    made = session()
    made.messages = [
        {"role": "user", "content": [{"type": "tool_result", "output": "````\nx\n````", "is_error": True}]}
    ]
    assert "**Tool error**: tool\n\n`````\n````\nx\n````\n`````" in export_session_markdown(made)


# ---- of sessions


def test_has_user_interaction_needs_words_of_a_user(kept: JSONLStore) -> None:
    made = session()
    assert not made.has_user_interaction()
    made.messages = [REPLY, RESULT, {"role": "user", "content": "  \n"}]
    assert not made.has_user_interaction()
    made.messages.append({"role": "user", "content": [{"type": "text", "text": "x"}]})
    assert made.has_user_interaction() and sessions.has_user_interaction(made)
    spoken = talk(kept, HELLO)
    assert kept.has_user_interaction_on_disk(spoken.id) == "yes"
    assert kept.has_user_interaction_on_disk("nobody") == "no"


def test_add_usage_for_endpoint_sums_field_by_field_and_needs_a_name() -> None:
    made = session()
    for _ in range(2):
        made.add_usage_for_endpoint("v", "e", TokenUsage(1, 2, 3, 4, 5))
    made.add_usage_for_endpoint(" ", "", TokenUsage(9))
    assert made.endpoint_usage == {"v/e": TokenUsage(2, 4, 6, 8, 10)}


def test_add_usage_for_endpoint_loses_nothing_from_threads() -> None:
    made = session()

    def add() -> None:
        for _ in range(500):
            made.add_usage_for_endpoint("v", "e", TokenUsage(1))
            made.append_metric_for_endpoint("v", "e", MetricEvent(type="llm"))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert made.usage_for_endpoint("v", "e") == TokenUsage(2000) and len(made.metrics_for_endpoint("v", "e")) == 200


def test_usage_for_endpoint_falls_back_to_history_and_then_to_the_total() -> None:
    made = session()
    made.token_usage = TokenUsage(7)
    assert made.usage_for_endpoint("anthropic", "api") == made.usage_for_endpoint("", "") == TokenUsage(7)
    assert made.usage_for_endpoint("other", "") == TokenUsage()
    made.usage_history = [UsageEntry(vendor="other", usage=TokenUsage(3))]
    assert made.usage_for_endpoint("other", "") == TokenUsage(3)
    assert made.usage_for_endpoint("anthropic", "api") == TokenUsage() == made.usage_for_endpoint("", "")


def test_append_metric_for_endpoint_keeps_the_latest_two_hundred() -> None:
    made = session()
    for at in range(205):
        made.append_metric_for_endpoint("v", "e", MetricEvent(turn_index=at))
    made.append_metric_for_endpoint("", "", MetricEvent())
    assert [each.turn_index for each in made.endpoint_metrics["v/e"]] == list(range(5, 205))
    assert list(made.endpoint_metrics) == ["v/e"]


def test_metrics_for_endpoint_gives_a_copy_and_falls_back() -> None:
    made = session()
    nameless = MetricEvent(type="llm")
    made.metrics = [nameless]
    assert made.metrics_for_endpoint("anthropic", "api") == made.metrics_for_endpoint("", "") == [nameless]
    assert made.metrics_for_endpoint("other", "") == []
    made.metrics = [MetricEvent(type="llm", vendor="v")]
    copy = made.metrics_for_endpoint("v", "")
    copy.clear()
    assert made.metrics_for_endpoint("v", "") == made.metrics and made.metrics_for_endpoint("anthropic", "api") == []


def test_rebuild_endpoint_stats_comes_to_what_was_counted_live() -> None:
    live, made = session(), session()
    for at in range(300):
        entry = UsageEntry(vendor="v", endpoint="ab"[at % 2], usage=TokenUsage(at))
        event = MetricEvent(turn_index=at, vendor="v")
        made.usage_history.append(entry)
        made.metrics.append(event)
        live.add_usage_for_endpoint("v", entry.endpoint, entry.usage)
        live.append_metric_for_endpoint("v", "", event)
    made.endpoint_usage = {"old": TokenUsage(1)}
    made.rebuild_endpoint_stats()
    assert made.endpoint_usage == live.endpoint_usage and made.endpoint_metrics == live.endpoint_metrics


def test_json_has_the_names_and_forms_that_go_programs_read() -> None:
    made = Session("id", NOW, NOW, "t", vendor="v", endpoint="e", model="m", cost_json=b"{}")
    assert made.to_json() == {
        "id": "id", "created_at": "2026-03-04T05:06:07.891011Z", "updated_at": "2026-03-04T05:06:07.891011Z",
        "title": "t", "vendor": "v", "endpoint": "e", "model": "m", "cost": "e30=",
        "token_usage": {"input_tokens": 0, "output_tokens": 0, "cache_read_tokens": 0, "cache_write_tokens": 0},
    }  # fmt: skip
    made.workspace, made.messages, made.tunnel_events = "/w", [HELLO], [TunnelEvent("e", "s", "status", {"x": [1]})]
    made.usage_history = [UsageEntry(NOW, 1, "m", "v", "e", TokenUsage(1, 2, 3, 4, 5))]
    made.metrics = [MetricEvent(NOW, 1, "llm", ttft=5, cache_read=2)]
    made.tunnel_events_complete = True
    made.rebuild_endpoint_stats()
    made.append_metric_for_endpoint("v", "e", made.metrics[0])
    body = json.loads(json.dumps(made.to_json()))
    assert body["workspace"] == "/w" and body["tunnel_events_complete"] is True
    assert body["tunnel_events"] == [{"event_id": "e", "stream_id": "s", "type": "status", "data": {"x": [1]}}]
    assert body["usage_history"][0]["usage"]["prompt_tokens_total"] == 5
    assert body["metrics"] == [
        {"timestamp": "2026-03-04T05:06:07.891011Z", "turn_index": 1, "type": "llm", "ttft": 5, "cache_read_tokens": 2}
    ]
    assert body["endpoint_usage"]["v/e"]["cache_write_tokens"] == 4 and "v/e" in body["endpoint_metrics"]
    assert Session.from_json(body) == made


def test_json_of_anybody_is_read_as_far_as_it_makes_sense(kept: JSONLStore) -> None:
    read = Session.from_json(
        {"id": "a-b", "title": 5, "created_at": "never", "messages": [HELLO], "usage_history": "x", "future": [1]}
    )
    assert read.id == "a-b" and read.title == "" and read.messages == [HELLO] and read.to_json()["future"] == [1]
    kept.save(read)
    assert kept.load("a-b").messages == [HELLO]
    assert Session.from_json([]).id == ""


# ---- another store


def test_a_memory_store_keeps_the_same_promises(tmp_path: Path) -> None:
    clock = Clock()
    store: Store = MemoryStore(clock=clock)
    made, silent = session(), session()
    made.messages = [HELLO]
    store.save(made)
    store.save(silent)
    assert isinstance(store, Store) and [each.id for each in store.list()] == [made.id]
    store.append_checkpoint(made, [RESULT, HELLO], 3)
    loaded = store.load(made.id[:22])
    assert loaded == made and loaded.messages == [RESULT, HELLO]
    loaded.messages.clear()
    assert store.load(made.id).messages and store.export_markdown(made.id).startswith("# ")
    assert store.cleanup_older_than(made.updated_at) == 0
    assert store.cleanup_older_than(made.updated_at + timedelta(seconds=1)) == 1 and store.list() == []
    store.delete(made.id)
    with pytest.raises(NoSuchSession):
        store.load(made.id)
