"""The store of session objects: each of its functions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.wire.object_support import CALLS, HELLO, NOW, REPLY, RESULT, journal, objects, session, talk
from tests.wire.session_support import Clock, chat, store_in

from flemma_py.errors import SessionError
from flemma_py.sessions import (
    JSONLStore,
    MetricEvent,
    SessionStore,
    TokenUsage,
    TunnelEvent,
    UsageEntry,
    append_checkpoint,
    append_message,
    export_session_markdown,
    last_turn_index,
)
from flemma_py.sessions.troubles import BadName, Leased, NoSuchSession


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[JSONLStore]:
    with objects(tmp_path) as store:
        yield store


def test_append_message_is_on_the_disk_and_in_the_object(kept: JSONLStore) -> None:
    made = session()
    before = made.updated_at
    kept.append_message(made, {"role": "user", "content": "word " * 30})
    assert made.title.startswith("word word") and len(made.title) <= 60 and made.updated_at >= before
    for each in (REPLY, RESULT):
        kept.append_message(made, each)
    loaded = kept.load(made.id)
    assert loaded.messages == made.messages == [{"role": "user", "content": "word " * 30}, REPLY, RESULT]
    assert loaded.title == made.title and loaded.updated_at == made.updated_at
    assert loaded.created_at == made.created_at and loaded.vendor == "anthropic" and loaded.model == "claude"


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": "plain"},
        {"role": "user", "content": [{"type": "text", "text": "block"}]},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "system", "content": ""},
        {"role": "assistant", "content": []},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "x", "function": {"arguments": "{}"}}]},
        {"role": "user", "content": "\u2028 \ud800 \0 é", "id": "msg_1", "extra": {"deep": [1.5, None, True]}},
        {"role": "user", "content": "long " * 40_000},
        {"role": "assistant", "content": [{"type": "image", "image_data": "A" * 200_000}]},
        REPLY,
        RESULT,
    ],
)  # fmt: skip
def test_append_message_gives_back_whatever_was_given(kept: JSONLStore, message: dict[str, Any]) -> None:
    made = talk(kept, message)
    assert kept.load(made.id).messages == [message]


@pytest.mark.parametrize("message", [{}, {"content": "x"}, {"role": 1}, {"role": "user", "content": {1, 2}}])
def test_append_message_refuses_what_is_none(kept: JSONLStore, message: dict[str, Any]) -> None:
    made = session()
    with pytest.raises(SessionError):
        kept.append_message(made, message)
    assert not made.messages and not journal(kept, made).exists()


def test_append_message_to_disk_leaves_the_object_alone(kept: JSONLStore) -> None:
    made = talk(kept, HELLO)
    before = deepcopy(made)
    kept.append_message_to_disk(made, REPLY)
    assert made == before and kept.load(made.id).messages == [HELLO, REPLY]
    kept.save(made)
    assert kept.load(made.id).messages == [HELLO, REPLY], "what the caller did not add yet is not taken away"
    made.messages.append(REPLY)
    made.messages.append(RESULT)
    kept.save(made)
    assert kept.load(made.id).messages == CALLS, "nor said twice when it did"


def test_append_checkpoint_gives_the_same_messages_back(kept: JSONLStore) -> None:
    made = talk(kept)
    compacted = [{"role": "user", "content": "Summary: they said hello"}, RESULT]
    kept.append_checkpoint(made, compacted, 42)
    assert made.messages == compacted == kept.load(made.id).messages
    append_message(made, {"role": "user", "content": "And then?"})
    loaded = kept.load(made.id)
    assert loaded.messages == made.messages == [*compacted, {"role": "user", "content": "And then?"}]
    assert loaded.said == [*CALLS, {"role": "user", "content": "And then?"}], "what was said before is still there"
    append_checkpoint(loaded, [HELLO], 1)
    assert kept.load(made.id).messages == [HELLO]


@pytest.mark.parametrize("compacted", [[], [HELLO], [HELLO, REPLY], CALLS, [RESULT, HELLO], [REPLY, REPLY]])
def test_append_checkpoint_takes_any_messages(kept: JSONLStore, compacted: list[dict[str, Any]]) -> None:
    made = talk(kept)
    kept.append_checkpoint(made, compacted, 1)
    kept.append_message(made, HELLO)
    assert kept.load(made.id).messages == [*compacted, HELLO]


def test_append_checkpoint_of_a_new_session_begins_its_journal(kept: JSONLStore) -> None:
    made = session()
    kept.append_checkpoint(made, CALLS, 1)
    assert kept.load(made.id).messages == CALLS and kept.load(made.id).model == "claude"


def test_append_checkpoint_to_disk_leaves_the_object_alone(kept: JSONLStore) -> None:
    made = talk(kept)
    before = deepcopy(made)
    kept.append_checkpoint_to_disk(made, [HELLO], 5)
    assert made == before and kept.load(made.id).messages == [HELLO]


def test_append_checkpoint_keeps_what_was_said_while_it_was_made(kept: JSONLStore) -> None:
    made = talk(kept)
    then = deepcopy(made)
    kept.append_message(made, {"role": "user", "content": "meanwhile"})
    kept.append_checkpoint_to_disk(then, [HELLO], 5)
    assert kept.load(made.id).messages == [HELLO, {"role": "user", "content": "meanwhile"}]


def test_append_meta_to_disk_tells_only_what_changed(kept: JSONLStore) -> None:
    made = talk(kept, HELLO)
    one, two = kept.load(made.id), kept.load(made.id)
    one.title, one.cost_json, one.token_usage = "Mine", b'{"usd": 1}', TokenUsage(5, 6, 7, 8)
    two.model, two.workspace = "other", "/w"
    kept.append_meta_to_disk(one)
    kept.append_meta_to_disk(two)
    loaded = kept.load(made.id)
    assert (loaded.title, loaded.model, loaded.workspace) == ("Mine", "other", "/w")
    assert loaded.cost_json == b'{"usd": 1}' and loaded.token_usage == TokenUsage(5, 6, 7, 8)
    size = journal(kept, made).stat().st_size
    kept.append_meta_to_disk(loaded)
    assert journal(kept, made).stat().st_size == size


def test_append_meta_to_disk_does_nothing_where_nobody_spoke(kept: JSONLStore) -> None:
    made = session()
    kept.append_meta_to_disk(made)
    assert not journal(kept, made).exists()


def test_append_usage_entry_is_billed_once_and_given_back(kept: JSONLStore, tmp_path: Path) -> None:
    made = talk(kept, HELLO)
    first = UsageEntry(NOW, 1, "claude", "anthropic", "api", TokenUsage(10, 5, 100, 20), more={"request_id": "r1"})
    second = UsageEntry(NOW, 2, "gpt", "openai", "", TokenUsage(100, 5, 60, 0))
    for each in (first, second, first):
        kept.append_usage_entry(made, each)
    loaded = kept.load(made.id)
    assert loaded.usage_history == [first, second] and loaded.token_usage == TokenUsage(110, 10, 160, 20)
    assert loaded.usage_for_endpoint("openai", "") == second.usage and last_turn_index(loaded) == 2
    reader = SessionStore(Path(kept.dir()), tmp_path / "cache2")
    sums = reader.sums()
    assert (sums.requests, sums.input, sums.output, sums.cache_read, sums.cache_write) == (2, 50, 10, 160, 20)
    assert set(reader.sums_by("endpoint")) == {"anthropic/api", "openai"}
    reader.close()


def test_append_usage_entry_counts_though_nobody_spoke(kept: JSONLStore) -> None:
    made = session()
    kept.append_usage_entry(made, UsageEntry(usage=TokenUsage(1, 2)))
    assert kept.load(made.id).usage_history == [UsageEntry(usage=TokenUsage(1, 2))]


def test_append_metric_is_given_back_and_kept_for_talks_only(kept: JSONLStore) -> None:
    event = MetricEvent(NOW, 3, "tool", tool_name="bash", tool_success=True, tool_duration=5_000_000, vendor="v")
    silent = session()
    kept.append_metric(silent, event)
    assert not journal(kept, silent).exists()
    made = talk(kept, HELLO)
    kept.append_metric(made, event)
    loaded = kept.load(made.id)
    assert loaded.metrics == [event] == loaded.metrics_for_endpoint("v", "")


def test_append_tunnel_event_to_disk_is_in_the_event_log_and_given_back(kept: JSONLStore) -> None:
    made = talk(kept, HELLO)
    before = deepcopy(made)
    told = [
        TunnelEvent("e1", "s", "status", {"state": "busy"}),
        TunnelEvent("e2", "", "word", [1, None]),
        TunnelEvent("e3", "", "word"),
        TunnelEvent("e4", "", "word", {}),
        TunnelEvent("e5", "", "word", {"raw": "x"}),
    ]
    for each in [*told, told[0]]:
        kept.append_tunnel_event_to_disk(made, each)
    loaded = kept.load(made.id)
    assert loaded.tunnel_events == told and loaded.tunnel_events_complete and made == before
    with pytest.raises(SessionError):
        kept.append_tunnel_event_to_disk(made, TunnelEvent("e6", "", "segment"))


def test_ensure_meta_begins_a_journal_once_and_only_for_talks(kept: JSONLStore) -> None:
    made = session()
    kept.ensure_meta(made)
    assert not journal(kept, made).exists()
    made.messages.append(HELLO)
    kept.ensure_meta(made)
    first = journal(kept, made).read_bytes()
    kept.ensure_meta(made)
    assert journal(kept, made).read_bytes() == first and kept.load(made.id).model == "claude"


def test_save_writes_what_is_missing_and_then_nothing(kept: JSONLStore) -> None:
    made = session()
    made.messages = deepcopy(CALLS)
    made.usage_history = [UsageEntry(NOW, 1, usage=TokenUsage(1, 2)), UsageEntry(NOW, 1, usage=TokenUsage(1, 2))]
    made.metrics = [MetricEvent(NOW, 1, "llm", duration=7)]
    made.tunnel_events = [TunnelEvent("e", "", "status", {"a": 1})]
    made.title = "Named"
    kept.save(made)
    loaded = kept.load(made.id)
    for name in ("messages", "usage_history", "metrics", "tunnel_events", "title", "model"):
        assert getattr(loaded, name) == getattr(made, name), name
    size = journal(kept, made).stat().st_size
    kept.save(made)
    kept.save(loaded)
    kept.save(kept.load(made.id))
    assert journal(kept, made).stat().st_size == size


def test_save_keeps_what_others_recorded_meanwhile_and_writes_nothing_anew(kept: JSONLStore) -> None:
    made = talk(kept, HELLO)
    mine, other = kept.load(made.id), kept.load(made.id)
    kept.append_message(other, {"role": "user", "content": "from elsewhere"})
    before = journal(kept, made).read_bytes()
    mine.messages.append(REPLY)
    kept.save(mine)
    assert journal(kept, made).read_bytes().startswith(before)
    assert kept.load(made.id).messages == [HELLO, {"role": "user", "content": "from elsewhere"}, REPLY]


@pytest.mark.parametrize("has_checkpoint", [False, True])
def test_save_says_what_was_changed_in_the_past(kept: JSONLStore, has_checkpoint: bool) -> None:
    made = talk(kept)
    if has_checkpoint:
        kept.append_checkpoint(made, [{"role": "user", "content": "Sum"}, RESULT], 1)
    loaded, other = kept.load(made.id), kept.load(made.id)
    kept.append_message(other, {"role": "user", "content": "from elsewhere"})
    loaded.messages[0] = {"role": "user", "content": "Changed"}
    del loaded.messages[-1]
    wanted = [*loaded.messages, {"role": "user", "content": "from elsewhere"}]
    kept.save(loaded)
    assert kept.load(made.id).messages == wanted
    kept.save(loaded)
    assert kept.load(made.id).messages == wanted


def test_save_of_a_session_in_which_nobody_speaks_trashes_it(kept: JSONLStore, tmp_path: Path) -> None:
    made = session()
    kept.save(made)
    assert not journal(kept, made).exists()
    kept.append_message(made, {"role": "assistant", "content": "Anybody there?"})
    kept.save(made)
    assert not journal(kept, made).exists() and list(tmp_path.glob("sessions/trash/*"))
    spoken = talk(kept, HELLO)
    spoken.messages.clear()
    spoken.said.clear()
    kept.save(spoken)
    assert kept.load(spoken.id).messages == [HELLO], "the disk knows more than the object"


def test_load_finds_by_the_beginning_of_an_id_and_reads_chats_of_the_editor(tmp_path: Path) -> None:
    with_chats = store_in(tmp_path)
    sid = chat(with_chats, "question", "answer", workspace="/w")
    with_chats.close()
    store = JSONLStore(tmp_path / "state", cache=tmp_path / "cache")
    loaded = store.load(sid[:20])
    assert [each["role"] for each in loaded.messages] == ["user", "assistant"] and loaded.workspace == "/w"
    assert loaded.messages[0]["content"] == [{"type": "text", "text": "question"}]
    entry = loaded.usage_history[0]
    assert entry.usage.input_tokens == 1_000_000 and entry.turn_index == 1 == last_turn_index(loaded)
    with pytest.raises(NoSuchSession):
        store.load("nobody")
    with pytest.raises(SessionError):
        store.load("../x")
    store.close()


def test_load_of_a_chat_with_a_checkpoint_begins_with_its_summary(tmp_path: Path) -> None:
    with_chats = store_in(tmp_path)
    sid = chat(with_chats, "question", "answer", "more", "reply")
    recorder = with_chats.open(sid)
    mids = list(recorder.fold.live)
    recorder.checkpoint("They talked.", last_mid=mids[1], first_live_mid=mids[2]).result()
    recorder.close()
    with_chats.close()
    store = JSONLStore(tmp_path / "state", cache=tmp_path / "cache")
    texts = [each["content"][0]["text"] for each in store.load(sid).messages]
    assert texts == ["They talked.", "more", "reply"]
    store.close()


def test_list_has_all_the_latest_first_without_messages(kept: JSONLStore) -> None:
    made = [talk(kept, {"role": "user", "content": f"talk {at}"}) for at in range(5)]
    kept.append_message(made[1], REPLY)
    listed = kept.list()
    assert [each.id for each in listed] == [made[at].id for at in (1, 4, 3, 2, 0)]
    assert listed[0].title == "talk 1" and listed[0].updated_at == made[1].updated_at and not listed[0].messages


def test_delete_moves_to_the_trash_and_takes_only_the_very_id(kept: JSONLStore, tmp_path: Path) -> None:
    made, other = talk(kept, HELLO), talk(kept, HELLO)
    kept.delete(made.id[:-1])
    kept.delete("nobody")
    assert {each.id for each in kept.list()} == {made.id, other.id}
    kept.delete(made.id)
    assert [each.id for each in kept.list()] == [other.id]
    with pytest.raises(SessionError):
        kept.append_message(made, REPLY)
    with pytest.raises(BadName):
        kept.delete("../sessions")
    at_work = SessionStore(Path(kept.dir()), tmp_path / "cache2")
    recorder = at_work.open(other.id)
    with pytest.raises(Leased):
        kept.delete(other.id)
    recorder.close()
    at_work.close()


def test_cleanup_older_than_is_strict_and_counts(tmp_path: Path) -> None:
    clock = Clock()
    store = JSONLStore(tmp_path / "s", cache=tmp_path / "c", clock=clock)
    made = []
    for _ in range(3):
        made.append(talk(store, HELLO))
        clock.now += 100
    limit = store.load(made[1].id).updated_at
    assert store.cleanup_older_than(limit) == 1
    assert {each.id for each in store.list()} == {made[1].id, made[2].id}
    assert store.cleanup_older_than(limit - timedelta(days=1)) == 0
    assert store.cleanup_older_than(clock.now + 1) == 2 and store.list() == []
    store.close()


def test_export_markdown_is_that_of_the_loaded_session(kept: JSONLStore) -> None:
    made = talk(kept)
    kept.append_checkpoint(made, [HELLO], 1)
    assert kept.export_markdown(made.id) == export_session_markdown(kept.load(made.id))
    assert "**Tool call**: bash" in kept.export_markdown(made.id)


@pytest.mark.parametrize("mirror", ["hash", "off"])
def test_without_a_mirror_no_text_of_any_method_is_kept(tmp_path: Path, mirror: Any) -> None:
    store = JSONLStore(tmp_path / "s", cache=tmp_path / "c", mirror=mirror)
    canary = {"role": "user", "content": [{"type": "text", "text": "canary"}, {"type": "tool_use", "input": "canary"}]}
    made = session()
    store.append_message(made, canary)
    store.append_meta_to_disk(made)
    store.append_checkpoint(made, [canary], 1)
    store.append_metric(made, MetricEvent(tool_error="canary"))
    store.append_tunnel_event_to_disk(made, TunnelEvent("e", "", "word", {"text": "canary", "raw": ["canary"]}))
    made.messages.append(canary)
    store.save(made)
    store.load(made.id)
    store.close()
    found = [path for path in tmp_path.rglob("*") if path.is_file() and b"canary" in path.read_bytes()]
    assert not found


def test_secrets_are_taken_out_of_messages_and_checkpoints(tmp_path: Path) -> None:
    store = JSONLStore(tmp_path / "s", cache=tmp_path / "c", redact=lambda text: text.replace("sk-1", "***"))
    message = {"role": "assistant", "content": [{"type": "tool_use", "tool_name": "x", "input": {"key": "sk-1"}}]}
    made = talk(store, {"role": "user", "content": "sk-1"}, message)
    store.append_checkpoint(made, [message, {"role": "user", "content": "sk-1"}], 1)
    store.close()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"sk-1" in path.read_bytes()]


def test_files_of_a_store_are_their_owners_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        store = JSONLStore(tmp_path / "s")
        made = talk(store, HELLO, {"role": "user", "content": "x" * 100_000})
        store.append_checkpoint(made, [HELLO], 1)
        store.list()
        store.close()
    finally:
        os.umask(old)
    for path in (tmp_path / "s").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
