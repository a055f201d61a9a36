"""One Lua expression with nothing but `math` in reach, in a fresh state each time.

Not a sandbox for programs: a function literal may loop or fill memory, and then the limits around it end it.
"""

from __future__ import annotations

import random
import re

# The default runtime of lupa is another Lua, with integers and other rules of printing.
from lupa import luajit21

from flemma_py.errors import EvaluationError

MEMORY = 100 << 20
"""Bytes that the Lua state may use."""

# Everything the closure needs is taken before the expression runs, because the expression may change `math`.
PREPARE = b"""
local seed = ...
local loadstring, setfenv, tostring, type, select = loadstring, setfenv, tostring, type, select
local floor, abs, format, concat = math.floor, math.abs, string.format, table.concat
local printable = {['nil'] = true, boolean = true, number = true, string = true, cdata = true}
local environment = {math = math}
math.randomseed(seed)
getmetatable('').__index = nil  -- ("x"):rep would be a way to the string library

local function show(value)
  -- tostring rounds to 14 digits, also where a whole number is exact
  if type(value) == 'number' and value == floor(value) and abs(value) <= 2^53 then return format('%.0f', value) end
  return tostring(value)
end

local function answer(...)
  local texts = {}
  for i = 1, select('#', ...) do
    local value = select(i, ...)
    if not printable[type(value)] then return 'kind', type(value) end
    texts[i] = show(value)
  end
  return 'value', texts[1] and concat(texts, ', ') or 'nil'
end

return function(source)
  local expression, fault = loadstring('return ' .. source, '=expression')
  if not expression then return 'invalid', fault end
  return answer(setfenv(expression, environment)())
end
"""


def evaluate(code: str) -> str:
    """The expression's value as Lua prints it; several values are parted by commas."""
    lua = luajit21.LuaRuntime(
        register_eval=False, register_builtins=False, unpack_returned_tuples=True, encoding=None, max_memory=MEMORY
    )
    calculate = lua.execute(PREPARE, random.getrandbits(31))
    try:
        kind, raw = calculate(code.encode("utf-8", "replace"))
    except MemoryError:  # an error of Lua too, so it must be let through before those
        raise
    except luajit21.LuaError as error:
        raise EvaluationError(f"evaluation failed: {plain(str(error))}") from error
    text = raw.decode("utf-8", "replace")
    match kind:
        case b"invalid":
            raise EvaluationError(f"invalid expression: {plain(text)}")
        case b"kind":
            raise EvaluationError(f"evaluation failed: the expression gives a {text}, not a number")
        case _:
            return str(text)


def plain(message: str) -> str:
    """Lua's message without the place, which is always our own line, and without the stack."""
    first = message.split("\nstack traceback:", 1)[0]
    return re.sub(r"^expression:\d+: ", "", first)[:300]
