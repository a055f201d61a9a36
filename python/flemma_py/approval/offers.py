"""Rules to offer for a call, the narrowest first: what `:Flemma tool:allow` shows."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from flemma_py.approval.arguments import command as commands
from flemma_py.approval.arguments import path as paths
from flemma_py.approval.call import Call, Place
from flemma_py.approval.decide import by_rules, guarded
from flemma_py.approval.programs import table
from flemma_py.approval.rules import Scope, argument_of, read_rules
from flemma_py.approval.shell.command import SimpleCommand
from flemma_py.approval.verdict import Decision
from flemma_py.errors import SettingsError

PLAIN = re.compile(r"[\w@%+=:,./^-]+")


@dataclass(frozen=True, slots=True)
class Offer:
    """Rules that together allow the call, as they are written into settings, and one line about them."""

    rules: tuple[str, ...]
    about: str


@dataclass(frozen=True, slots=True)
class Offers:
    """`why` says what keeps rules from being of use, where there are none. Each offer can be kept for every scope."""

    offers: tuple[Offer, ...] = ()
    why: str = ""
    scopes: tuple[Scope, ...] = (Scope.FILE, Scope.PROJECT, Scope.USER)


def offers_for(call: Call, place: Place) -> Offers:
    """Only what would really allow this call is offered."""
    if why := guarded(call, place):
        return Offers(why=f"no rule can allow this: {why}")
    if argument_of(call.tool) is commands.ARGUMENT:
        return _of_command(call, place)
    if argument_of(call.tool) is paths.ARGUMENT:
        return _checked(_of_path(call, place), call, place)
    return _checked([Offer((call.tool,), f"every call of {call.tool}")], call, place)


def _of_command(call: Call, place: Place) -> Offers:
    whole = commands.examined(call.text("command") or "")
    if whole.problems:
        return Offers(why=f"no rule can allow this: the command cannot be told: {whole.problems[0]}")
    exact = [rule for each in whole.commands if (rule := _spelled(each))]
    if len(exact) != len(whole.commands):
        return Offers(why="no rule can allow this: it has words that cannot be told")
    wide = [_opened(each) or rule for each, rule in zip(whole.commands, exact, strict=True)]
    found = [Offer(tuple(dict.fromkeys(exact)), "exactly this")]
    if wide != exact:
        found.append(Offer(tuple(dict.fromkeys(wide)), "this with other words, unless they run code or write"))
    return _checked(found, call, place)


def _spelled(command: SimpleCommand) -> str:
    """The rule for just these words, or nothing."""
    texts = [text for text in command.texts if text is not None]
    if not texts or len(texts) != len(command.words):
        return ""
    return f"bash({' '.join(map(quoted, texts))})"


def _opened(command: SimpleCommand) -> str:
    """The rule with a star for all but the program, its command and the options that must be spelt; or nothing."""
    texts = [text for text in command.texts if text is not None]
    known = table(texts[0]) if texts else None
    if known is None or known.wrapper or known.shell or known.builtin:
        return ""
    few = 2 if known.has_commands and len(texts) > 1 else 1
    return f"bash({' '.join(map(quoted, texts[:few]))} *)"


def quoted(text: str) -> str:
    """A word as a rule has it."""
    return text if PLAIN.fullmatch(text) else "'" + text.replace("'", "'\\''") + "'"


def _of_path(call: Call, place: Place) -> list[Offer]:
    path = paths.located(call, place)
    real = path and place.resolved(path)
    if not real:
        return []
    project = place.resolved(place.project) or place.project
    inside = real == project or real.startswith(f"{project}/")
    shown = posixpath.relpath(real, project) if inside else real
    if any(each in shown for each in "*?"):
        return []
    folder = posixpath.dirname(shown)
    found = [Offer((f"{call.tool}({shown})",), "exactly this")]
    if folder not in ("", "/"):
        found.append(Offer((f"{call.tool}({folder}/**)",), f"everything in {folder}"))
    if inside:
        found.append(Offer((f"{call.tool}(**)",), "everything in the project"))
    return found


def _checked(offers: list[Offer], call: Call, place: Place) -> Offers:
    """Those that do what they say."""
    kept: list[Offer] = []
    why = "no rule can allow this"
    for offer in offers:
        rules, problems = read_rules(offer.rules, Scope.USER)
        if problems:
            raise SettingsError(problems[0])
        said = by_rules(rules, call, place)
        if isinstance(said, Decision) and said.runs:
            kept.append(offer)
        else:
            why = f"no rule can allow this: {said}"
    return Offers(tuple(kept), "" if kept else why)
