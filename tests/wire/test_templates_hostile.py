"""Chats that mean harm: each gets one clear error soon, nothing is in reach, and the next evaluation works."""

from __future__ import annotations

import asyncio
import resource

import pytest
from tests.wire.chats import Chat, flat, told

from flemma_py.errors import EvaluationError

pytestmark = pytest.mark.sampled(3)

SOON = 2
"""Seconds of processor time of workers, however busy the machine is: a limit of one second, and the start of the worker
before and of the one that comes after."""

TIME = "took longer than 1 s"
MEMORY = "memory limit"

LUA = [
    ("{% while true do end %}", TIME),
    ("{{ (function() while true do end end)() }}", TIME),
    ("{% while true do pcall(function() while true do end end) end %}", TIME),
    ("{{ ('a'):rep(400):find(('a*'):rep(9) .. 'b') }}", TIME),
    ("{{ ('x'):rep(1e9) }}", MEMORY),
    ("{% local s = 'x' while true do s = s .. s end %}", MEMORY),
    ("{% local t = {} for i = 1, 1e9 do t[i] = i end %}", MEMORY),
    ("{% while true do pcall(string.rep, 'x', 1e9) end %}", None),
    ("{% while true do print('x') end %}", "the text is longer than"),
    ("{% for i = 1, 100 do print(('x'):rep(100000)) end %}", "the text is longer than"),
    ("{% local function f() return 1 + f() end f() %}", "stack overflow"),
    ("{% local f f = function() return f() end f() %}", TIME),
    ("{% local t = {} t.t = t %}{{ t }}", "nested too deeply, or in itself"),
    ("{% local t = setmetatable({}, {}) %}", "'setmetatable' is not defined"),
    ("{% local co = coroutine.wrap(function() while true do end end) co() %}", "'coroutine' is not defined"),
    ("{{ string.format('%d', include) }}", "number expected, got function"),
    ("{{ tostring(include) }}", "function"),
    ("{{ ('x'):dump() }}", "attempt to call method 'dump'"),
    ("{{ string.dump(include) }}", "attempt to call field 'dump'"),
    ("{% string.upper = nil %}", "string cannot be changed"),
    ("{% for i = 1, 1e9 do pcall(include, i .. '.md') end %}", TIME),
    ("{{ include(('x/'):rep(1e6)) }}", "too long"),
    ("{{ include('a\\0b') }}", "include() wants the path of a file"),
    ("{{ utf8.char(1e9) }}", "out of range"),
    ("{% __text('x') %}", "no piece of this message"),
    ("{% __expression('x', error) %}", "no piece of this message"),
    ("{% __elsewhere(1) %}", None),
    ("{% __elsewhere(99) %}", None),
    ("{% error(include) %}", None),
    ("{{ error(symbols.BINARY) }}", None),
    ("{{ vim.fs.normalize(('a/'):rep(1e6)) }}" , ""),
    ("{{ os.date(('%c'):rep(1e6)) }}", "is too long"),
]  # fmt: skip

NOT_THERE = (
    "debug", "io", "require", "load", "loadstring", "loadfile", "dofile", "ffi", "package", "jit", "bit", "setfenv",
    "getfenv", "getmetatable", "setmetatable", "rawget", "rawset", "rawequal", "newproxy", "module", "collectgarbage",
    "gcinfo", "python", "_G", "coroutine", "xpcall", "next", "unpack", "flemma", "call", "api",
)  # fmt: skip

JINJA = [
    ("{{ 9**(9**9) }}", TIME),
    ("{% set a = 9 %}{{ a**(a**a) }}", TIME),
    ("{% for x in range(10**9) %}{% endfor %}", "Range too big"),
    ("{% for x in range(99999) %}{% for y in range(99999) %}{% endfor %}{% endfor %}", TIME),
    ("{{ 'a' * 10**9 }}", MEMORY),
    ("{{ [0] * 10**9 }}", MEMORY),
    ("{{ 'x' | center(10**9) }}", MEMORY),
    ("{{ '%1000000000s' % 'x' }}", MEMORY),
    ("{{ '{:>1000000000}'.format('x') }}", MEMORY),
    ("{{ 'x'.ljust(10**9) }}", MEMORY),
    ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", None),
    ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", None),
    ("{{ ().__class__.__mro__ }}", "unsafe"),
    ("{{ ''.__class__.__base__.__subclasses__() }}", "unsafe"),
    ("{{ include.__globals__ }}", "unsafe"),
    ("{{ os.date.__self__ }}", "unsafe"),
    ("{{ vim.fn.getcwd.__code__ }}", "unsafe"),
    ("{{ ''.format.__self__ }}", None),
    ("{{ '{0.__class__.__mro__}'.format(1) }}", "unsafe"),
    ("{{ '{0.__globals__}'.format(include) }}", "unsafe"),
    ("{{ cycler.__init__.__globals__ }}", "unsafe"),
    ("{{ self.__init__.__globals__ }}", None),
    ("{{ (1, 2) | attr('__class__') }}", None),
    ("{{ [include] | map(attribute='__globals__') | list }}", None),
    ("{{ '' | map('__class__') }}", None),
    ("{{ lipsum(n=100000) }}", "'lipsum' is not defined"),
    ("{{ __elsewhere(0, {}) }}", None),
    ("{{ __elsewhere(99, {}) }}", "there is no such piece"),
    ("{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' | wordwrap(1, wrapstring='x' * 10**8) }}", None),
    ("{{ ('a' * 50000) | indent(width='b' * 9999) }}", ""),
]  # fmt: skip

FRONTMATTER = [
    ("lua", "while true do end", TIME),
    ("lua", "while true do pcall(function() while true do end end) end", TIME),
    ("lua", "x = ('x'):rep(1e9)", MEMORY),
    ("lua", "\x1bLJ\x02\x0a\x00", "this is no Lua source"),
    ("lua", "for i = 1, 1e6 do flemma.opt.tools:append('x') end", "sets more than 1,000 settings"),
    ("lua", "local t = {} t.t = t flemma.opt.x = t", "nested too deeply, or in itself"),
    ("lua", "error(flemma.opt.tools)", None),
    ("lua", "x = debug.getregistry()", "attempt to index global 'debug'"),
    ("json", "[" * 100_000, "nested too deeply"),
    ("json", '{"a":' * 3000 + "1" + "}" * 3000, "nested too deeply"),
    ("yaml", "a: &a [x,x,x,x,x,x,x,x,x]\n" + "\n".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(9)
    ), "more than 100,000 values"),
    ("yaml", "a: &a\n  b: *a", "nested too deeply, or in itself"),
    ("yaml", "[" * 20_000, None),
    ("yaml", "a: !!python/object/apply:os.system ['true']", "could not determine a constructor"),
    ("toml", "a = " + "[" * 20_000, "nested too deeply"),
]  # fmt: skip


def named(attacks: list[tuple[str, str | None]]) -> list[object]:
    return [pytest.param(text, reason, id=text[:40]) for text, reason in attacks]


def spent() -> float:
    """Seconds that processes of ours, which have ended, had of the processor."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


async def ends(chat: Chat, text: str, reason: str | None) -> None:
    """One problem with this reason (any if None), or none at all if the reason is empty; then all is well again."""
    before = spent()
    result = await chat.evaluate(text)
    taken = spent() - before
    if reason == "":
        assert result.problems == ()
    elif reason == "function":
        assert flat(result) == "function"
    else:
        assert len(result.problems) == 1 or reason is None, told(result)
        assert reason is None or reason in result.problems[0].text, told(result)
        assert "Traceback" not in repr(result.problems)
    assert await chat.said("{{ 6 * 7 }}") == "42"
    assert taken < SOON


@pytest.mark.parametrize(("text", "reason"), named(LUA))
async def test_an_attack_in_lua_ends(chat: Chat, text: str, reason: str | None) -> None:
    await ends(chat, chat.chat(text), reason)


@pytest.mark.parametrize(("text", "reason"), named(JINJA))
async def test_an_attack_in_jinja_ends(chat: Chat, text: str, reason: str | None) -> None:
    await ends(chat, chat.chat(text, "", "yaml"), reason)


@pytest.mark.parametrize(
    ("language", "code", "reason"),
    [pytest.param(*attack, id=f"{attack[0]}-{attack[1][:30]!r}") for attack in FRONTMATTER],
)
async def test_an_attack_in_frontmatter_ends(chat: Chat, language: str, code: str, reason: str | None) -> None:
    await ends(chat, chat.chat("{{ 1 }}", code, language), reason)


async def test_nothing_else_is_in_reach_of_lua(chat: Chat) -> None:
    for name in NOT_THERE:
        result = await chat.evaluate(chat.chat(f"{{{{ {name} }}}}"))
        assert [problem.text for problem in result.problems] == [f"'{name}' is not defined"], name
    for name in (
        "os.execute",
        "os.getenv",
        "os.exit",
        "os.remove",
        "string.dump",
        "vim.api",
        "vim.fn.system",
        "vim.env",
    ):
        assert await chat.said(f"{{{{ tostring({name}) }}}}") == "nil"


async def test_every_value_in_reach_of_lua_is_lua_s_own(chat: Chat) -> None:
    """No userdata is anywhere, and what fails is text or a plain table: nothing leads to a Python object."""
    walk = """
    local seen, bad = {}, {}
    local function look(value, name)
      local kind = type(value)
      if kind == 'userdata' or kind == 'thread' then bad[#bad + 1] = name end
      if kind == 'table' and not seen[value] then
        seen[value] = true
        for k, v in pairs(value) do look(v, name .. '.' .. tostring(k)) end
      end
    end
    look({ string.rep, table.concat, math.pi, os.date, vim.fn.getcwd, vim.fs.abspath, format.number, utf8.len }, 'x')
    look({ symbols.BINARY, flemma.opt, flemma.opt.tools, include, print, tostring, pairs, each, error, pcall }, 'y')
    local calls = {
      function() return include('nowhere') end, function() return include({}) end,
      function() return os.date({}) end, function() return os.time({ year = 'x' }) end,
      function() return format.number('x') end, function() return vim.fn.fnamemodify(1) end,
      function() return vim.fn.fnamemodify('a', ':s?[?x?') end, function() return vim.fs.normalize() end,
      function() return flemma.opt.x.y.z:append(print) end, function() return os.date('%c', {}) end,
      function() return os.date(nil, print) end, function() return format.percent(1, {}) end,
      function() return math.x.y end, function() return os.difftime() end, function() return os.time(1) end,
    }
    for i, f in ipairs(calls) do
      local good, why = pcall(f)
      if good then bad[#bad + 1] = 'call ' .. i .. ' worked' end
      look(why, 'error ' .. i)
      if type(why) ~= 'string' and type(tostring(why)) ~= 'string' then bad[#bad + 1] = 'no text ' .. i end
    end
    found = table.concat(bad, ', ')
    """
    assert await chat.said("[{{ found }}]", walk) == "[]"


async def test_a_worker_has_no_environment_to_show(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "sk-canary")
    text = "{{ vim.fs.normalize('$SECRET_KEY/$HOME') }} {{ vim.fn.fnamemodify('$SECRET_KEY', ':p:t') }}"
    assert await chat.said(text) == f"$SECRET_KEY{chat.folder} $SECRET_KEY".replace(
        f"$SECRET_KEY{chat.folder}", f"$SECRET_KEY/{str(chat.folder).lstrip('/')}"
    )


async def test_what_ran_into_a_limit_is_not_tried_again_until_a_send(chat: Chat) -> None:
    text = "@You:\n{% set a = 9 %}{{ a**(a**a) }}\n@Assistant:\nx\n@You:\n{{ 1 + 1 }}"
    first = await chat.evaluate(text)
    assert first.blocks
    assert not first.complete
    second = await chat.evaluate(text)
    assert TIME in second.problems[0].text
    assert flat(second, 2) == "2"
    began = chat.documents.evaluated_units
    await chat.evaluate(text)
    assert chat.documents.evaluated_units == began
    third = await chat.evaluate(text, retry=True)
    assert TIME in third.problems[0].text


async def test_a_send_does_not_try_again_what_was_being_tried_when_it_came(chat: Chat) -> None:
    text = chat.chat("{{ (function() while true do end end)() }}")
    quiet = asyncio.create_task(chat.evaluate(text))
    await asyncio.sleep(0.1)
    before = spent()
    sent = await chat.evaluate(text, retry=True)
    assert TIME in sent.problems[0].text
    assert spent() - before < 1.7, "one second, and two for somebody who tries twice"
    assert (await quiet).problems == sent.problems


async def test_a_chat_does_not_hold_up_another_one(chat: Chat) -> None:

    hanging = asyncio.create_task(chat.evaluate(chat.chat("{% while true do end %}")))
    await asyncio.sleep(0.1)
    other = Chat(chat.folder, chat.evaluation)
    for _ in range(5):
        assert await other.said("{{ 1 }}") == "1"
        other.documents = other.fresh()
    assert not hanging.done()
    await hanging


async def test_a_worker_that_was_killed_is_replaced(chat: Chat) -> None:
    assert await chat.said("{{ 1 }}") == "1"
    for worker in chat.evaluation._workers:
        worker.kill()
    assert await chat.said("{{ 2 }}") == "2"


async def test_after_the_end_nothing_is_evaluated(chat: Chat) -> None:

    hanging = asyncio.create_task(chat.evaluate(chat.chat("{% while true do end %}")))
    await asyncio.sleep(0.3)
    await chat.evaluation.close()
    with pytest.raises(EvaluationError, match="is stopped"):
        await hanging
    with pytest.raises(EvaluationError, match="is stopped"):
        await chat.evaluate(chat.chat("{{ 1 }}"))
