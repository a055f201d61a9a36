"""A journal played to a state: turns, messages, rewinds, checkpoints, what tools did."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.pure.journals import COST, REQUEST, folded, journal, lines, record, said

from flemma_py.journal import records
from flemma_py.journal.lines import read
from flemma_py.journal.records import Entry


def test_a_session_is_what_its_records_say() -> None:
    fold = folded(
        read(
            lines(
                journal(
                    records.bind("/x/a.chat", 1, 2),
                    said("m1", text="What is\n  up? " + "x" * 80),
                    records.turn("t1", "ready", provider="p", model="m", reserved=0.5),
                    records.turn("t1", "running"),
                    said("m2", "assistant", "Not much."),
                    records.usage(REQUEST, request_id="q", turn="t1", context_tokens=8000),
                    records.turn("t1", "completed"),
                )
            )
        )
    )
    assert (fold.sid, fold.cwd, fold.workspace) == ("S", "/x", "/x")
    assert fold.binding is not None and fold.binding.path == "/x/a.chat"
    assert fold.title.startswith("What is up? xxx") and len(fold.title) == 60
    assert fold.preview == "Not much."
    assert (fold.provider, fold.model, fold.context_tokens) == ("p", "m", 8000)
    turn = fold.turns["t1"]
    assert (turn.number, turn.state, turn.ended_at, turn.reserved, turn.is_open) == (1, "completed", 1.0, 0.5, False)
    assert fold.sums.cost == COST and not fold.damage and not fold.nonsense and not fold.is_empty


def test_a_key_keeps_its_last_value_and_none_takes_it_away() -> None:
    fold = folded(
        journal(records.meta({"title": "A", "mode": "x"}), records.meta({"title": "B"}), records.meta({"mode": None}))
    )
    assert fold.meta == {"title": "B"} and fold.title == "B"


def test_a_rewind_takes_words_and_no_costs() -> None:
    fold = folded(
        journal(
            said("a", text="first"),
            said("b", "assistant", "reply"),
            records.usage(REQUEST, request_id="q"),
            records.rewind("a", source="user", context_tokens=10),
        )
    )
    assert [each.mid for each in fold.said] == ["a"] and "b" in fold.messages
    assert fold.context_tokens == 10 and fold.sums.cost == COST
    fold.apply(record(records.rewind(None, source="reset")))
    assert fold.said == [] and fold.sums.cost == COST and not fold.nonsense
    assert [each.to_mid for each in fold.rewinds] == ["a", None]


def test_what_was_cut_can_be_said_again() -> None:
    fold = folded(
        journal(
            said("a", text="first"),
            said("b", text="second"),
            records.rewind(None, source="edit"),
            said("b", again=True),
        )
    )
    assert [(each.mid, each.text) for each in fold.said] == [("b", "second")]


def test_a_rewind_to_nowhere_changes_nothing_and_is_counted() -> None:
    for odd in (records.rewind("nowhere", source="user"), Entry("rewind", {}), Entry("rewind", {"to_mid": 7})):
        fold = folded(journal(said("a"), odd))
        assert [each.mid for each in fold.said] == ["a"] and fold.nonsense == 1


def test_a_checkpoint_holds_until_what_it_summed_up_is_cut() -> None:
    fold = folded(
        journal(
            said("a"),
            said("b"),
            records.checkpoint({"text": "sum"}, last_mid="a", first_live_mid="b", tokens_before=9, tokens_after=2),
            said("c"),
        )
    )
    assert fold.checkpoint is not None and fold.checkpoint.text == "sum" and fold.checkpoint.tokens_after == 2
    fold.apply(record(records.rewind("a", source="user")))
    assert fold.checkpoint is not None
    fold.apply(record(records.rewind(None, source="user")))
    assert fold.checkpoint is None


def test_a_turn_that_ended_does_not_begin_again() -> None:
    fold = folded(
        journal(
            records.turn("t", "ready"),
            records.turn("t", "cancelled", reason="user"),
            records.turn("t", "running"),
            records.turn("t", "interrupted"),
        )
    )
    assert fold.turns["t"].state == "cancelled" and fold.nonsense == 2


def test_tools_that_ran_are_known_to_have_run() -> None:
    change = {"path": "/x/f", "before": "aa", "after": "bb"}
    fold = folded(
        journal(
            records.tool("c1", "write", "started", turn="t", durable=True),
            records.tool("c2", "bash", "started"),
            records.tool("c1", "write", "finished", ok=True, ms=3.0, changes=[change]),
        )
    )
    done, left = fold.tools["c1"], fold.tools["c2"]
    assert (done.is_over, done.ok, done.ms, done.changes) == (True, True, 3.0, (change,))
    assert (left.is_over, left.ok) == (False, None)


def test_what_nobody_understands_is_counted_and_kept_from_harm() -> None:
    fold = folded([*journal(Entry("new_kind", {"x": 1})), *read(b'{"v":9}\n')])
    assert fold.unknown == {"new_kind": 1} and fold.foreign == 1 and not fold.is_empty


def test_the_latest_moment_is_the_greatest_whatever_the_order() -> None:
    fold = folded([record(Entry("meta", {}), ts=ts) for ts in (5.0, 9.0, 2.0)])
    assert fold.updated_at == 9.0


KINDS = "session bind meta message turn usage tool checkpoint rewind fork metric end x"
KEYS = (
    "sid mid role text turn state to_mid call name request_id input_tokens input_price output_price usd parent title "
    "changes bytes chat_path child api_ms completed_at"
)
kinds, keys = st.sampled_from(KINDS.split()), st.sampled_from(KEYS.split())
odd = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["a", "b", "ready", "user"])
    | st.lists(st.integers(), max_size=2)
)


@given(st.lists(st.tuples(kinds, st.dictionaries(keys, odd, max_size=6)), max_size=20))
def test_no_record_can_break_a_fold_and_twice_is_once(entries: list[tuple[str, dict[str, object]]]) -> None:
    items = [record(Entry(kind, data)) for kind, data in entries]
    once, twice = folded(items), folded([each for each in items for _ in range(2)])
    assert repr(once) == repr(twice)
    assert once.sums.requests == len({id for id in once.ledger.bookings})
