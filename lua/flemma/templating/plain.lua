--- Values as the host can have them: strings, numbers, booleans, tables of them, and functions as their numbers.

local M = {}

--- In a table that the host gets: a list of pairs stands for a table whose keys are not names alone. What the host is
--- sent knows only lists and tables of names.
M.PAIRS = "flemma:pairs"

local DEEPEST = 60
local MOST = 100000

---@class flemma.Encoding
---@field keep? fun(fn: function): integer gives a function its number
---@field count integer

---@param state flemma.Encoding
---@param value any
---@param depth integer
local function encode(state, value, depth)
  local kind = type(value)
  if value == nil or value == vim.NIL or kind == "boolean" or kind == "number" or kind == "string" then
    return value
  end
  if state.keep and (kind == "function" or (kind ~= "string" and vim.is_callable(value))) then
    return { [require("flemma.functions").MARK] = state.keep(value) }
  end
  if kind ~= "table" then
    error(("a %s cannot be handed to templates"):format(kind), 0)
  end
  state.count = state.count + 1
  if depth > DEEPEST then
    error("it is nested too deeply, or in itself", 0)
  elseif state.count > MOST then
    error(("it has more than %d tables"):format(MOST), 0)
  end
  local copy, is_list, pairs_needed = {}, vim.islist(value), false
  for key, item in pairs(value) do
    pairs_needed = pairs_needed or not is_list and type(key) ~= "string"
    copy[key] = encode(state, item, depth + 1)
  end
  if not pairs_needed then
    return copy
  end
  local list = {}
  for key, item in pairs(copy) do
    if type(key) ~= "string" and type(key) ~= "number" then
      error(("a %s is no key that templates could have"):format(type(key)), 0)
    end
    list[#list + 1] = { key, item }
  end
  return { [M.PAIRS] = list }
end

--- `value` as plain data. `keep` gives a function its number; without it a function is an error.
---@param value any
---@param keep? fun(fn: function): integer
---@return any
function M.encode(value, keep)
  return encode({ keep = keep, count = 0 }, value, 0)
end

return M
