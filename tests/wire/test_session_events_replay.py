"""Watchers come, go and come back at random while two write the log, and it is trimmed, damaged and replaced: each has
what the whole log says, or was told that something is missing."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from tests.wire.session_support import chat, store

from flemma_py.sessions.events import EventLog, Following, Gap

SEEDS = int(os.environ.get("FLEMMA_EVENT_SEEDS", "25"))
STEPS = 120
STATES = ("session_info", "status", "activity")
TYPES = (*STATES, "message_delta", "tool_call", "usage")


class Watcher:
    """Keeps what it is told, each event once, in stretches without a gap. `states`: the latest of each state."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stretches: list[list[str]] = [[]]
        self.has: set[str] = set()
        self.states: dict[str, str] = {}
        self.last: str | None = None
        self.link: Following | None = None

    def connect(self, dice: random.Random) -> None:
        """From the last event that it had, or from one before: then some are delivered twice."""
        again = self.last if dice.random() < 0.7 else dice.choice([*self.stretches[-1], self.last])
        self.link = Following(self.folder, again)

    def watch(self) -> None:
        assert self.link is not None
        for each in self.link.poll():
            if isinstance(each, Gap):
                self.stretches.append([])
            elif each.event_id not in self.has:
                self.has.add(each.event_id)
                self.stretches[-1].append(each.event_id)
                self.last = each.event_id
                if each.type in STATES:
                    self.states[each.type] = each.event_id


class World:
    """The whole log as its writers know it: `whole` ids in order, `states` the latest of each, `types` of all."""

    def __init__(self, folder: Path, logs: list[EventLog]) -> None:
        self.folder, self.logs = folder, logs
        self.whole: list[str] = []
        self.types: dict[str, str] = {}
        self.states: dict[str, str] = {}
        self.epoch = 0
        self.late = 0

    def tell(self, dice: random.Random) -> None:
        log = dice.choice(self.logs)
        last = ""
        for _ in range(dice.randrange(1, 12)):
            type = dice.choice(TYPES)
            epoch = dice.choice([None, self.epoch, max(self.epoch - 1, 0)])
            id = log.append(type, {"text": str(dice.random())}, stream_id=dice.choice("ab"), epoch=epoch)
            if id == last:
                continue  # A delta that was joined to the one before.
            last = id
            if epoch is not None and epoch < self.epoch:
                self.late += 1
            else:
                self._know(id, type)
        log.flush()

    def bump(self, dice: random.Random) -> None:
        log = dice.choice(self.logs)
        self.epoch = log.bump_epoch("rewind")
        assert log.last_id is not None
        self._know(log.last_id, "epoch")

    def _know(self, id: str, type: str) -> None:
        self.whole.append(id)
        self.types[id] = type
        if type in STATES:
            self.states[type] = id

    def trim(self, dice: random.Random) -> None:
        dice.choice(self.logs).trim(max_events=dice.choice([0, 5, 20]))

    def hurt(self, dice: random.Random) -> None:
        """Somebody cuts the file, changes a byte of it, or puts a copy in its place. Both writers have read it: of what
        only one knows nobody can say that it is missing."""
        for log in self.logs:
            log.trim(max_events=1000)
        path = dice.choice(sorted(self.folder.glob("events*.jsonl")) or [self.folder / "events.jsonl"])
        if not path.exists():
            return
        data = bytearray(path.read_bytes())
        match dice.randrange(3):
            case 0:
                del data[dice.randrange(len(data)) :]
            case 1:
                data[dice.randrange(len(data))] ^= 1 << dice.randrange(7)
        copy = path.with_name("copy")
        copy.write_bytes(data)
        copy.replace(path)


def check(watcher: Watcher, world: World) -> None:
    places = {id: at for at, id in enumerate(world.whole)}
    for which, stretch in enumerate(watcher.stretches):
        order: list[int] = []
        for id in stretch:
            at = places[id]
            # After a gap a state that holds may be told which is from before what is missing.
            is_state = which > 0 and world.types[id] in STATES
            if order and is_state and at < order[-1]:
                continue
            order.append(at)
        while which and order and world.types[world.whole[order[0]]] in STATES:
            del order[0]
        assert not order or order == list(range(order[0], order[-1] + 1)), "what is missing is told as a gap"
    if len(watcher.stretches) == 1:
        assert watcher.stretches[0] == world.whole and watcher.states == world.states


def play(place: Path, seed: int, *, hurts: bool) -> tuple[World, list[Watcher]]:
    dice = random.Random(seed)
    with store(place, max_events=24) as one, store(place, max_events=24) as two:
        sid = chat(one)
        world = World(one.path(sid), [one.events(sid), two.events(sid)])
        watchers = [Watcher(world.folder) for _ in range(3)]
        for _ in range(STEPS):
            act = dice.random()
            watcher = dice.choice(watchers)
            if act < 0.45:
                world.tell(dice)
            elif act < 0.53:
                world.bump(dice)
            elif act < 0.56:
                world.trim(dice)
            elif act < 0.60 and hurts:
                world.hurt(dice)
            elif act < 0.75:
                watcher.link = None
            elif watcher.link is None:
                watcher.connect(dice)
            else:
                watcher.watch()
        world.tell(dice)
        for watcher in watchers:
            if watcher.link is None:
                watcher.connect(dice)
            watcher.watch()
        assert hurts or sum(log.dropped for log in world.logs) == world.late
    return world, watchers


@pytest.mark.parametrize("seed", range(SEEDS))
def test_each_watcher_has_what_the_log_says_or_was_told_of_a_gap(tmp_path: Path, seed: int) -> None:
    world, watchers = play(tmp_path, seed, hurts=False)
    for watcher in watchers:
        check(watcher, world)
        assert watcher.states.items() <= world.states.items(), "the states that hold are told, whatever is missing"


@pytest.mark.parametrize("seed", range(SEEDS))
def test_nothing_goes_missing_unsaid_where_files_are_hurt(tmp_path: Path, seed: int) -> None:
    world, watchers = play(tmp_path, seed, hurts=True)
    for watcher in watchers:
        check(watcher, world)


def test_a_silent_gap_would_be_found(tmp_path: Path) -> None:
    world, watchers = play(tmp_path, 1, hurts=False)
    longest = max((stretch for each in watchers for stretch in each.stretches), key=len)
    del longest[len(longest) // 2]
    with pytest.raises(AssertionError):
        for watcher in watchers:
            check(watcher, world)
