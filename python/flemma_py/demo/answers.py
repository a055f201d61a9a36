"""The scripted model's texts. They are the first thing a newcomer reads, so they are true of Flemma as it is."""

HELLO = """Hello! I am Flemma's **demo model**: a small script inside your own machine, no key and no network needed.

Everything else is real. This text is streaming into a buffer that *is* the conversation, so you may edit any of it
and send again. Things to try:

- Ask for some arithmetic, like `12 * 34`: I will call the calculator tool.
- Say `think` to watch thoughts arrive before the answer.
- Ask about `tools`, a `key`, or just for `help`.

Code arrives as code:

```python
def greet(name: str) -> str:
    return f"Hello, {name}!"
```

To talk to Claude instead, set a key before you start Neovim:

```sh
export ANTHROPIC_API_KEY=…
```
"""

HELP = """A `.chat` file is the whole conversation; here is how to work in it.

| To do this | Press or type |
|---|---|
| Send | `<C-]>` or `:Flemma send` |
| Cancel a reply | `<C-c>` or `:Flemma cancel` |
| Undo a reply | `u`: each reply is one undo step |
| Run the tool calls of a reply | `<C-]>` again |

1. Write below `@You:` and send.
2. Watch the reply arrive; the buffer is locked until it ends.
3. Edit anything above, also what I said, and send again: the text you see is the text that goes out.

To use Claude, run `export ANTHROPIC_API_KEY=…` in your shell and start Neovim from there.
"""

KEY = """I run without a key. For a real model, give Flemma one through the environment:

```sh
export ANTHROPIC_API_KEY=…
```

Then start Neovim from the same shell. The key is read when you send, goes into that one request, and is written to
no log, no chat and no journal.
"""

TOOLS = """Tools run on your machine; I can only ask for them.

1. I write a **Tool Use** block into the buffer, with its arguments as JSON.
2. `<C-]>` runs what waits there, and the result is written below `@You:`.
3. Sending again gives me the result, and I go on.

Try it: ask me for `(17 + 4) * 2`.
"""

THINKING = """That was worth a thought: it stands above, in the `<thinking>` block of this reply.

It carries a signature. When you send this chat again the block goes back with it, and I refuse a thought that
somebody changed, just as the vendors do.
"""

THOUGHTS = """The user asks me to think, so I should show what thinking looks like in a chat.

First, thoughts arrive before the answer, and in pieces. Second, they are signed when they end. Third, nobody needs to
read them to follow the answer. That is enough to say.
"""

CALCULATOR_THOUGHTS = """The user wants to know what {expression} is. I could guess, but there is a calculator among \
my tools, and it does not guess. I will call it with exactly this expression."""

BEFORE_CALCULATING = "Let me calculate `{expression}`."

NO_CALCULATOR = """I would calculate `{expression}` with the calculator, but this request offers no such tool. \
Turn it on and send again.
"""

CALCULATED = "The calculator says that `{expression}` is **{output}**."

TOOL_SAID = "`{name}` answered:\n\n> {output}\n"

TOOL_FAILED = "`{name}` did not work out. It said:\n\n> {output}\n"

AFTER_TOOLS = """

That was a whole round: I asked for a tool, Flemma ran it, and its result came back to me with the next request.
"""
