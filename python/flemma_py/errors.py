"""Everything that can go wrong and be told to a person.

    FlemmaError                  message: one sentence for the user, with the next step
    ├── SettingsError            a setting has a wrong value
    ├── DocumentError            the chat cannot be sent as it is (where: line)
    ├── ImportFailure            a text cannot be made a chat (where: line, column)
    ├── ToolError                a tool could not be run
    ├── EvaluationError          the evaluation worker refused, failed, or ran out of time or memory
    ├── FrontmatterError         a chat's frontmatter is not what its language allows (where: line, column)
    ├── EditorError              Neovim refused a call, or is gone
    ├── FunctionError            a function that setup() was given did not answer as it should
    ├── SessionError             what is kept of a chat beside its file cannot be read or written
    ├── BudgetError              a request would cost more than its owner wants to pay
    └── RequestError             the model did not answer (kind says which of the known ways)

Foreign exceptions are translated once, where they enter, and chained with `from`. Messages carry no keys.
"""

from __future__ import annotations

from enum import Enum


class FlemmaError(Exception):
    """Base of all: `message` is fit to be shown as it is."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class SettingsError(FlemmaError):
    """A setting is unknown or has a wrong value."""


class DocumentError(FlemmaError):
    """The chat cannot be sent as it is. `line` is 0-based, None where no line is to blame."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class ImportFailure(FlemmaError):
    """What is to be imported cannot be read. `line` and `column` (bytes) count from 1, None where no place is to
    blame."""

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class ToolError(FlemmaError):
    """A tool could not be run at all; a tool that ran and failed gives an outcome instead."""


class EvaluationError(FlemmaError):
    """The evaluation worker refused or failed, or the code ran past its limits."""


class FrontmatterError(FlemmaError):
    """What a parser of frontmatter raises. `line` and `column` count from 0, in the code between the fences."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class EditorError(FlemmaError):
    """Neovim refused a call, or is gone."""


class FunctionError(FlemmaError):
    """A function of the owner's, which runs in Neovim, failed, gave no answer in time, or one of a wrong form."""


class SessionError(FlemmaError):
    """What is kept of a chat beside its file cannot be read or written, or is not to be changed now. The chat itself is
    never harmed by that."""


class BudgetError(FlemmaError):
    """A request was not sent, as it could cost more than its owner wants to pay."""


class RequestKind(Enum):
    """The known ways in which a request fails."""

    AUTH = "auth"
    CREDIT = "credit"
    RATE = "rate"
    OVERLOAD = "overload"
    TOO_LONG = "too_long"
    BAD_MODEL = "bad_model"
    BAD_REQUEST = "bad_request"
    BLOCKED = "blocked"
    NETWORK = "network"
    DNS = "dns"
    TLS = "tls"
    PROXY = "proxy"
    TIMEOUT = "timeout"
    TRUNCATED = "truncated"
    SERVER = "server"
    UNEXPECTED = "unexpected"


class RequestError(FlemmaError):
    """The model did not answer, or stopped in mid-answer. `status` is the HTTP status if one came, `request_id` the
    vendor's own, for a support request, `retry_after` the seconds that it asked to wait, `should_retry` its own word on
    whether another try is worth it; `unanswered`: the connection never stood, or was closed before anything of an
    answer came."""

    def __init__(
        self,
        kind: RequestKind,
        message: str,
        *,
        status: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        should_retry: bool | None = None,
        unanswered: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after
        self.should_retry = should_retry
        self.unanswered = unanswered
