"""Sessions beside a model of them in memory, through whatever happens to chats: they go on, are edited, rewound,
forked, summed up, left by a process that dies, torn at the end, deleted and brought back."""

from __future__ import annotations

import random
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule
from tests.conftest import SOAK
from tests.wire.session_support import COST, REQUEST, store_in

from flemma_py.sessions import Recorder, Saying, SessionStore, Spending

words = st.lists(st.sampled_from(["a", "b", "c", "d e", "é\u2028"]), min_size=1, max_size=5)


@dataclass
class Chat:
    """What a session must be."""

    said: list[Saying] = field(default_factory=list)
    spent: set[str] = field(default_factory=set)
    turns: int = 0


def sayings(texts: list[str]) -> list[Saying]:
    return [Saying("assistant" if at % 2 else "user", text) for at, text in enumerate(texts)]


class Sessions(RuleBasedStateMachine):
    chats = Bundle("chats")

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp(prefix="flemma-sessions-"))
        self.store: SessionStore = store_in(self.place)
        self.model: dict[str, Chat] = {}
        self.open: dict[str, Recorder] = {}
        self.left: list[SessionStore] = []
        self.trash: set[str] = set()
        self.dice = random.Random(1)

    def recorder(self, sid: str) -> Recorder:
        if sid not in self.open:
            self.open[sid] = self.store.open(sid)
            assert self.open[sid].lease is not None
        return self.open[sid]

    @rule(target=chats, texts=words)
    def begins(self, texts: list[str]) -> str:
        recorder = self.store.create(cwd="/", workspace="/")
        self.open[recorder.sid] = recorder
        self.model[recorder.sid] = Chat()
        self.goes_on(recorder.sid, texts)
        return recorder.sid

    @rule(sid=chats, texts=words)
    def goes_on(self, sid: str, texts: list[str]) -> None:
        """A turn, after any edit of what was said before."""
        if sid in self.trash:
            return
        recorder, chat, turn = self.recorder(sid), self.model[sid], self.store.ids()
        said = sayings(texts)
        recorder.begin_turn(turn, said[:-1]).result()
        recorder.say(said, turn)
        recorder.usage(REQUEST, request_id=turn, turn=turn)
        recorder.turn(turn, "completed").result()
        chat.said, chat.turns = said, chat.turns + 1
        chat.spent.add(turn)

    @rule(sid=chats, share=st.floats(0, 1))
    def is_rewound(self, sid: str, share: float) -> None:
        if sid in self.trash:
            return
        chat, recorder = self.model[sid], self.recorder(sid)
        keep = round(share * len(chat.said))
        recorder.rewind(recorder.fold.said[keep - 1].mid if keep else None, "what was cut").result()
        chat.said = chat.said[:keep]

    @rule(sid=chats)
    def is_summed_up(self, sid: str) -> None:
        if sid in self.trash or not self.model[sid].said:
            return
        recorder = self.recorder(sid)
        mid = recorder.fold.said[-1].mid
        recorder.checkpoint("all of it", last_mid=mid, first_live_mid=None).result()
        checkpoint = self.store.fold(sid).checkpoint
        assert checkpoint is not None and checkpoint.last_mid == mid

    @rule(target=chats, sid=chats, share=st.floats(0, 1))
    def is_forked(self, sid: str, share: float) -> object:
        chat = self.model[sid]
        if sid in self.trash or not chat.said:
            return multiple()
        keep = max(round(share * len(chat.said)), 1)
        fork = self.store.fork(sid, self.store.fold(sid).said[keep - 1].mid)
        self.open[fork.sid] = fork
        self.model[fork.sid] = Chat(chat.said[:keep])
        return fork.sid

    @rule(sid=chats, size=st.integers(1, 60))
    def is_torn(self, sid: str, size: int) -> None:
        """Somebody's write was cut short."""
        if sid not in self.trash:
            self.store.flush()
            path = self.place / "state" / sid / "journal.jsonl"
            last = path.read_bytes().splitlines(keepends=True)[-1]
            with path.open("ab") as file:
                file.write(last[: min(size, len(last) - 17)])

    @rule(sid=chats)
    def is_deleted(self, sid: str) -> None:
        if sid not in self.trash:
            if sid in self.open:
                self.open.pop(sid).close()
            self.store.delete(sid)
            self.trash.add(sid)

    @rule(sid=chats)
    def is_brought_back(self, sid: str) -> None:
        if sid in self.trash:
            self.store.undelete(sid)
            self.trash.remove(sid)

    @rule()
    def the_index_is_kept(self) -> None:
        self.store.start()

    @rule(deadly=st.booleans(), sid=consumes(chats))
    def the_process_ends(self, deadly: bool, sid: str) -> None:
        """It closes everything, or is gone in the middle of a turn."""
        if deadly and sid not in self.trash:
            self.recorder(sid).begin_turn("lost" + sid, self.model[sid].said).result()
            self.model[sid].turns += 1
        for recorder in self.open.values():
            recorder.close()
        self.open.clear()
        (self.left.append(self.store) if deadly else self.store.close())
        self.store = store_in(self.place)
        if deadly and sid not in self.trash:
            assert [turn.id for turn in self.recorder(sid).recover()] == ["lost" + sid]
            assert self.store.fold(sid).turns["lost" + sid].state == "interrupted"

    @invariant()
    def all_is_as_it_should_be(self) -> None:
        if not hasattr(self, "store"):
            return
        here = [sid for sid in self.model if sid not in self.trash]
        assert {row.sid for row in self.store.page(limit=1000).rows} == set(here)
        for sid in here:
            chat, fold = self.model[sid], self.store.fold(sid, strict=True)
            assert [(each.role, each.text) for each in fold.said] == [(each.role, each.text) for each in chat.said]
            assert set(fold.ledger.bookings) == chat.spent
            assert [turn.number for turn in fold.turns.values()] == list(range(1, chat.turns + 1))
            assert all(each.why in ("torn", "unfinished") for each in fold.damage) and not fold.nonsense
        spent = set().union(*(chat.spent for chat in self.model.values())) if self.model else set()
        assert self.store.sums().requests == len(spent), "each request is billed once, and none is forgotten"
        assert abs(self.store.sums().cost - COST * len(spent)) < 1e-9
        if here:
            assert self.store.sums(Spending(sid=here[0])).requests == len(self.model[here[0]].spent)

    def teardown(self) -> None:
        for recorder in self.open.values():
            recorder.close()
        for each in [*self.left, self.store]:
            each.close()
        shutil.rmtree(self.place)


TestSessions = Sessions.TestCase
TestSessions.settings = settings(
    deadline=None, max_examples=400 if SOAK else 12, stateful_step_count=40 if SOAK else 20
)
