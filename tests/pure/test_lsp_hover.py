"""What a language server tells of what stands at a cursor."""

from __future__ import annotations

import pytest
from tests.pure.lsp_chats import Asked

from flemma_py.lsp.probe import CLOSE, OPEN
from flemma_py.lsp.questions import AskRate, Evaluate, Glance, Rate
from flemma_py.model.document import Expression, Severity
from flemma_py.model.evaluated import Dialect, Evaluated, EvaluatedMessage, Problem, ProblemKind, RenderedText
from flemma_py.model.reading import Glimpse, Refused

CHAT = """```lua
name = "Bob"
flemma.opt.tools.auto_approve = {}
```
@System:
{% first = 1 %}
@You:
Hi {{ name }}, see @./a.md and {{ include("b.md") }}

@Assistant:
Hello

**Tool Use:** `bash` (`t1`)
```json
{}
```

@You:
**Tool Result:** `t1`
```
one
two
```
"""


def hover(mark: str, chat: str = CHAT, **more: object) -> Asked:
    """Hover over the character that follows `|` in `mark`, which is `mark` without it in the chat."""
    assert mark.replace("|", "") in chat
    return Asked("hover", chat.replace(mark.replace("|", ""), mark, 1), **more)  # type: ignore[arg-type]


def gave(*values: str, message: int = 1) -> Evaluated:
    text = "".join(f"before{OPEN}{value}{CLOSE}behind" for value in values)
    return Evaluated(Dialect.LUA, messages={message: EvaluatedMessage((RenderedText(text),))})


def test_an_expression_is_evaluated_where_it_stands() -> None:
    asked = hover("{{ |name }}", told={Evaluate: gave("Bob")})
    (question,) = asked.questions
    document = question.document
    assert len(document.messages) == 2
    codes = [each.code for each in document.messages[1].segments if isinstance(each, Expression)]
    assert codes == [" name ", ' include("b.md") ']
    assert asked.told == "`name` gives:\n\n```\nBob\n```"


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ((), "is not reached"),
        (("",), "gives an empty text"),
        (("a", "b", "a"), "gives 2 different values:\n\n```\na\n```\n\n```\nb\n```"),
        (tuple("abcdefg"), "and 2 more"),
        (("```x```",), "````\n```x```\n````"),
        (("x" * 3000,), " …"),
    ],
)
def test_what_an_expression_gives(values: tuple[str, ...], part: str) -> None:
    assert part in hover("{{ |name }}", told={Evaluate: gave(*values)}).told


def test_why_an_expression_gives_nothing() -> None:
    problem = Problem(ProblemKind.EXPRESSION, Severity.WARNING, "is nil", 7, 3, 1, "name")
    broken = Evaluated(Dialect.LUA, problems=(problem,))
    assert hover("{{ |name }}", told={Evaluate: broken}).told == "`name` cannot be evaluated: is nil"
    assert "too slow" in hover("{{ |name }}", told={Evaluate: "too slow"}).told


def test_a_variable_of_the_frontmatter_and_of_code() -> None:
    asked = hover("na|me =", told={Evaluate: gave("Bob", message=0)})
    assert "Bob" in asked.told
    assert len(asked.questions[0].document.messages) == 1
    code = hover("fir|st = 1", told={Evaluate: gave("1", message=0)})
    assert "`first` gives" in code.told


@pytest.mark.parametrize("mark", ["@|./a.md", 'include("|b.md")'])
def test_a_file_has_a_size_and_a_type(mark: str) -> None:
    asked = hover(mark, told={Glance: Glimpse("/chats/a.md", 1234, "text/markdown")})
    assert asked.told == "**text/markdown**, 1.2 kB\n\n`/chats/a.md`"
    assert "does not exist" in hover(mark, told={Glance: Refused("does not exist", "")}).told


def test_a_message_has_tokens_and_costs() -> None:
    asked = hover("|@Assistant", told={AskRate: Rate("claude-a", 3.0, 15.0)})
    assert "message 3 of 4" in asked.told
    assert "tokens, $0.0" in asked.told and "as output" in asked.told and "as input" in asked.told
    assert "claude-a" in asked.told
    assert "$" not in hover("|@Assistant").told


def test_a_setting_tells_what_it_is_for() -> None:
    told = hover("auto_|approve").told
    assert "tools.auto_approve" in told and "$standard" in told and "stricter" in told
    assert "tools" in hover("opt.to|ols").told
    assert "is not a setting" in hover("opt.modl|e", "```lua\nflemma.opt.modle = 1\n```\n@You:\n").told
    assert "temperature" in hover("temp|erature", "```yaml\nflemma:\n  temperature: 1\n```\n@You:\n").told


def test_a_tool_call_and_its_result() -> None:
    assert "Runs a command." in hover("|**Tool Use").told
    assert "2 lines" in hover("|**Tool Result").told
    lost = CHAT.replace("(`t1`)", "(`t2`)")
    assert "not sent" in hover("|**Tool Result", lost).told


def test_prose_says_nothing() -> None:
    assert hover("|Hello").answer is None
    assert hover("|@./a.md", CHAT.replace("@You", "@Assistant")).answer is None
