"""A chat's messages beside those that its journal knows, and how much of them is kept."""

from __future__ import annotations

import json
from itertools import count

from hypothesis import given
from hypothesis import strategies as st
from tests.pure.journals import folded, journal, record

from flemma_py.journal.fold import Fold
from flemma_py.journal.sayings import Mirror, Saying, Scribe

CANARY = "canary-7d1f"


def scribe(mirror: Mirror = "text") -> Scribe:
    numbers = count()
    return Scribe(mirror, lambda: f"M{next(numbers)}", redact=lambda text: text.replace("hush", "[redacted]"))


def say(fold: Fold, writer: Scribe, *now: Saying) -> int:
    """Returns how many records that took."""
    cut = [each for mid, each in fold.messages.items() if mid not in fold.live]
    made = writer.catch_up(fold.said, cut, now)
    fold.apply_all(map(record, made))
    return len(made)


def user(text: str) -> Saying:
    return Saying("user", text)


def test_what_is_known_is_not_recorded_again() -> None:
    fold, writer = folded(journal()), scribe()
    assert say(fold, writer, user("a"), user("b")) == 2
    assert say(fold, writer, user("a"), user("b")) == 0
    assert say(fold, writer, user("a"), user("b"), user("c")) == 1


def test_an_edited_past_is_a_rewind_and_what_stays_is_not_written_again() -> None:
    fold, writer = folded(journal()), scribe()
    say(fold, writer, user("a"), user("b"), user("c"))
    assert say(fold, writer, user("a"), user("B"), user("c")) == 3
    assert [each.text for each in fold.said] == ["a", "B", "c"]
    assert fold.rewinds[-1].source == "edit"
    assert len(fold.messages) == 4, "c was said before and is the same message"


@given(st.lists(st.lists(st.sampled_from("abcd"), max_size=6), max_size=8), st.sampled_from(["text", "hash"]))
def test_a_journal_says_what_the_chat_says_after_any_edits(chats: list[list[str]], mirror: Mirror) -> None:
    fold, writer = folded(journal()), scribe(mirror)
    for chat in chats:
        say(fold, writer, *map(user, chat))
        assert [each.sha for each in fold.said] == [user(text).sha for text in chat]
        if mirror == "text":
            assert [each.text for each in fold.said] == chat
        assert not fold.nonsense


def test_less_is_kept_where_less_is_wanted() -> None:
    saying, tool = user(CANARY), Saying("tool", CANARY, "bash", True)
    for mirror, parts in (("text", {"text", "sha256"}), ("hash", {"sha256"}), ("off", set())):
        writer = scribe(mirror)  # type: ignore[arg-type]
        data = writer.message(saying).data
        assert {"text", "sha256"} & data.keys() == parts and data["bytes"] == len(CANARY)
        rest = [writer.message(tool).data, writer.removed(CANARY), writer.summary(CANARY), data]
        assert (CANARY in json.dumps(rest)) == (mirror == "text")


def test_secrets_are_taken_out_before_anything_is_kept() -> None:
    writer = scribe()
    data = [writer.message(user("hush")).data, writer.message(Saying("tool", "hush")).data, writer.removed("hush")]
    assert "hush" not in json.dumps([*data, writer.summary("hush")])


def test_where_no_sums_are_kept_role_and_size_tell() -> None:
    fold, writer = folded(journal()), scribe("off")
    say(fold, writer, user("aa"))
    assert say(fold, writer, user("bb")) == 0
    assert say(fold, writer, user("bbb")) == 2
