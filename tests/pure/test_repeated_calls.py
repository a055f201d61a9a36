"""Servers that use the same few ids in every reply: each call still finds its own result."""

from __future__ import annotations

from tests.pure.buffer_model import BufferModel

from flemma_py.conversation import calls
from flemma_py.conversation.reply import Reply
from flemma_py.document.parser import parse
from flemma_py.model.stream import ToolCallEnd

FIRST = """@You:
a

@Assistant:

**Tool Use:** `calculator` (`call_0`)

```json
{"expression":"1+1"}
```

@You:

**Tool Result:** `call_0`

```
2
```
"""


def test_a_call_whose_id_the_chat_has_gets_one_of_its_own_and_is_pending() -> None:
    buffer = BufferModel(FIRST.split("\n"))
    reply, begin = Reply.begin(buffer.lines, parse(buffer.lines))
    reply, edits = reply.feed(
        [ToolCallEnd(0, "call_0", "calculator", "{}"), ToolCallEnd(1, "call_0", "calculator", "{}")]
    )
    buffer.apply([begin, *edits, *reply.finish()])
    assert [use.id for use in calls.pending(parse(buffer.lines))] == ["call_0_2", "call_0_3"]
