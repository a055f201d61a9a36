"""The words of the machine: in which states a chat can be, what can happen to it, and what is to be done about it.

No state holds a key, a socket or a task: those belong to `app/`, which performs the effects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal

from flemma_py.approval.verdict import Decision
from flemma_py.conversation.checkpoint.words import BuildSummary, Condensed, Condensing, SummaryReady
from flemma_py.conversation.reply import Phase, Reply
from flemma_py.conversation.spending import Agree, Answered, Ask, Weigh, Weighed
from flemma_py.errors import FlemmaError
from flemma_py.model.document import Document, ToolUse
from flemma_py.model.patch import Edit
from flemma_py.model.prompt import Prompt
from flemma_py.model.stream import StreamEnd, StreamEvent
from flemma_py.model.tool import ToolOutcome
from flemma_py.model.usage import Usage

if TYPE_CHECKING:
    from flemma_py.accounting.budget import Question


class Mode(Enum):
    """What a submit asks for: pending calls or else a request, a request, one call, the user's word about one call,
    the new form of markers, or a summary in place of what was said."""

    HYBRID = "hybrid"
    SEND = "send"
    EXECUTE = "execute"
    APPROVE = "approve"
    REJECT = "reject"
    FORMAT = "format"
    CHECKPOINT = "checkpoint"


class Outcome(Enum):
    """How a submit ended."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"
    ERRORED = "errored"


@dataclass(frozen=True, slots=True)
class View:
    """A chat at one moment: its lines and their parse."""

    document: Document
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """Autopilot at work: `rounds` requests are its own so far, of at most `most`."""

    rounds: int = 0
    most: int = 100


# ---- states


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing is under way; the buffer belongs to the user. `shown` are the calls that the last press only showed;
    `paused` is what autopilot was at when it had to ask."""

    turn: int = 0
    shown: frozenset[str] = frozenset()
    paused: Loop | None = None


@dataclass(frozen=True, slots=True)
class Deciding:
    """Somebody says which calls may run. `only` is the one that the user wants, of whatever status; nothing: all.
    `granted` as in `Submitted`."""

    turn: int
    view: View
    loop: Loop | None = None
    only: str = ""
    granted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Preparing:
    """The prompt is being built and the key looked up, side by side; then it is weighed whether the request may cost
    what it may. `questions` are those that the user has not answered yet: the first of them is before their eyes."""

    turn: int
    view: View
    prompt: Prompt | None = None
    has_key: bool = False
    loop: Loop | None = None
    is_weighed: bool = True
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True, slots=True)
class Streaming:
    """A request is out, or its answer is coming in. `opening` is what parts the reply from the text above it."""

    turn: int
    reply: Reply
    usage: Usage
    opening: str
    end: StreamEnd | None = None
    loop: Loop | None = None


@dataclass(frozen=True, slots=True)
class Looking:
    """A reply is complete, and autopilot looks at what it wants."""

    turn: int
    loop: Loop


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call that the user has to decide about, and why."""

    id: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Running:
    """Tool calls run. `unfinished` are their ids in the order of the document; `waits` says of those that are not to
    run yet why."""

    turn: int
    unfinished: tuple[str, ...]
    first: str
    loop: Loop | None = None
    waits: tuple[Waiting, ...] = ()


State = Idle | Deciding | Preparing | Streaming | Looking | Running | Condensing

Flight = tuple[Literal["paused", "armed", "sending"], int, int]
"""How autopilot stands: what it is at, how many requests it has made, and how many it may."""


def flight(state: State) -> Flight | None:
    """None where autopilot has nothing to do with what goes on."""
    match state:
        case Idle(paused=Loop() as loop):
            return "paused", loop.rounds, loop.most
        case Preparing(questions=(_, *_), loop=Loop() as loop):
            return "paused", loop.rounds, loop.most
        case Preparing() | Streaming() if state.loop is not None:
            return "sending", state.loop.rounds, state.loop.most
        case Deciding() | Looking() | Running() if state.loop is not None:
            return "armed", state.loop.rounds, state.loop.most
    return None


# ---- inputs


@dataclass(frozen=True, slots=True)
class Submitted:
    """The user pressed a key or gave a command. `line` is the cursor's, 0-based; `seen` are the ranges of lines, each
    [first, end), that stood before the user's eyes, None where that does not matter; `loop` is there if autopilot is
    on; `text` is what the user says to the model about a call or a summary; `granted` are the calls that they approved
    by hand: no other `(approved)` that stands in the buffer counts."""

    mode: Mode
    view: View
    line: int
    seen: tuple[tuple[int, int], ...] | None = None
    loop: Loop | None = None
    text: str = ""
    granted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Decided:
    """What becomes of calls, by id."""

    turn: int
    decisions: Mapping[str, Decision]


@dataclass(frozen=True, slots=True)
class Looked:
    """The chat with a whole reply in it. `goes_on`: autopilot was not turned off meanwhile."""

    turn: int
    view: View
    goes_on: bool


@dataclass(frozen=True, slots=True)
class PromptReady:
    """`is_limited`: a budget says whether it may be sent."""

    turn: int
    prompt: Prompt
    is_limited: bool = False


@dataclass(frozen=True, slots=True)
class SecretReady:
    """The key is at hand (or none is needed); it is not in this value."""

    turn: int


@dataclass(frozen=True, slots=True)
class Failed:
    """Something that the turn needs could not be had: the prompt, the key, or a write into the buffer."""

    turn: int
    error: FlemmaError


@dataclass(frozen=True, slots=True)
class Streamed:
    turn: int
    events: tuple[StreamEvent, ...]


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """A call ended. `view` is the chat as it is now, with all earlier writes in it."""

    turn: int
    id: str
    outcome: ToolOutcome
    view: View


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The user wants it to stop. `view` as in `ToolFinished`; `discard`: the buffer's text went (`:e!`, `:bd`)."""

    view: View
    discard: bool = False


Input = (
    Submitted | Decided | PromptReady | SummaryReady | SecretReady | Weighed | Answered | Failed | Streamed | Looked
    | ToolFinished | Cancelled
)  # fmt: skip

# ---- effects


@dataclass(frozen=True, slots=True)
class Decide:
    """Say what becomes of these calls: `Decided`."""

    turn: int
    uses: tuple[ToolUse, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """Give the chat when all is in the buffer: `Looked`."""

    turn: int


@dataclass(frozen=True, slots=True)
class Grant:
    """The user approved this call by hand."""

    id: str


@dataclass(frozen=True, slots=True)
class BuildPrompt:
    turn: int
    document: Document


@dataclass(frozen=True, slots=True)
class ResolveSecret:
    turn: int


@dataclass(frozen=True, slots=True)
class StartStream:
    """Send it. `is_aside`: what comes is no reply of the chat's."""

    turn: int
    prompt: Prompt
    is_aside: bool = False


@dataclass(frozen=True, slots=True)
class StopStream:
    """Close the connection; what it still brings is not wanted."""


@dataclass(frozen=True, slots=True)
class RunTool:
    turn: int
    call: ToolUse


@dataclass(frozen=True, slots=True)
class StopTools:
    """End every run of this chat."""


@dataclass(frozen=True, slots=True)
class Write:
    """Put edits into the buffer; those of one turn are one undo step. `settle`: the next effect needs them there."""

    group: int
    edits: tuple[Edit, ...]
    settle: bool = False


@dataclass(frozen=True, slots=True)
class Activity:
    """What the model is busy with: the characters that came so far, and the tool whose call it writes."""

    phase: Phase
    characters: int = 0
    tool: str = ""


@dataclass(frozen=True, slots=True)
class Show:
    """Say what is going on, at the role marker, at the reply's end, or on a line: in words, or as an activity that the
    editor has words and a clock for. Neither: nothing to say."""

    label: str | None = None
    where: str | int = "marker"
    activity: Activity | None = None


@dataclass(frozen=True, slots=True)
class Reveal:
    """Bring the lines [first, last) before the user's eyes: of one of the calls, `count` in all, that would run."""

    first: int
    last: int
    count: int
    names: str


@dataclass(frozen=True, slots=True)
class Tell:
    """A notice for the user: level info, warn or error."""

    level: str
    message: str


@dataclass(frozen=True, slots=True)
class Record:
    """A request is over, in order or not: what it used as far as it was told. `source` says what it was for."""

    usage: Usage
    outcome: Outcome
    source: str = "agent"


@dataclass(frozen=True, slots=True)
class Over:
    """A request is over, and the chat goes on by itself."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class End:
    """The chat is idle: unlock it, with the cursor on `line` if one is given."""

    outcome: Outcome
    line: int | None = None


Asked = (
    Decide | Look | Grant | BuildPrompt | BuildSummary | ResolveSecret | Weigh | Ask | Agree | StartStream | StopStream
    | RunTool | StopTools
)  # fmt: skip
"""What somebody else is to do."""
Effect = Asked | Write | Condensed | Show | Reveal | Tell | Record | Over | End

Step = tuple[State, tuple[Effect, ...]]
