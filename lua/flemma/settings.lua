--- The user's settings as Lua keeps them: what setup() was given, under the names that settings have now.
---
--- The host owns the schema (`flemma_py/config`) and checks all of it; `schema.lua` is what it says of defaults.

local schema = require("flemma.schema")

local M = {}

M.defaults = schema.defaults

---@type table what setup() was given
local given = {}
---@type table? `given` under the names of now, made when it is first asked for
local upgraded
---@type table<function, integer> numbers of the functions in `given`
local numbers = {}

---@param opts table
function M.set(opts)
  if type(opts) ~= "table" then
    require("flemma.notify").error(("setup() wants a table, not a %s"):format(type(opts)))
    return
  end
  for _, id in pairs(numbers) do
    require("flemma.functions").remove(id)
  end
  given, upgraded, numbers = vim.deepcopy(opts), nil, {}
  require("flemma.host").settings_changed()
  if package.loaded["flemma.ui"] then
    require("flemma.ui").settings_changed()
  end
  if package.loaded["flemma.state"] then
    require("flemma.state").touch()
  end
end

---@param place any
---@param ... string
local function inside(place, ...)
  for _, key in ipairs({ ... }) do
    if type(place) ~= "table" then
      return nil
    end
    place = place[key]
  end
  return place
end

--- Move what stands under an old name to where it belongs now; what stands there already counts more.
---@param settings table
---@param old string[]
---@param new string[]
local function move(settings, old, new)
  local place = settings
  local value = inside(settings, unpack(old))
  if value == nil then
    return
  end
  inside(settings, unpack(old, 1, #old - 1))[old[#old]] = nil
  for index = 1, #new - 1 do
    if type(place[new[index]]) ~= "table" then
      place[new[index]] = {}
    end
    place = place[new[index]]
  end
  local present = place[new[#new]]
  if present == nil then
    place[new[#new]] = value
  elseif type(present) == "table" and type(value) == "table" then
    place[new[#new]] = vim.tbl_deep_extend("force", value, present)
  end
end

---@return table
local function current()
  if not upgraded then
    upgraded = vim.deepcopy(given)
    for _, pair in ipairs(schema.renamed) do
      move(upgraded, pair[1], pair[2])
    end
  end
  return upgraded
end

--- The value at a path such as `get("keymaps", "normal", "send")`: the user's if there is one, else the default.
---@param ... string
---@return any
function M.get(...)
  local value, default = inside(current(), ...), inside(M.defaults, ...)
  if value == nil or value == vim.NIL then
    return default
  end
  return value
end

---@type table<integer, table> what the frontmatter of chats says, as the host found it, by buffer
local own = {}

--- The value that holds for one chat: its frontmatter may have a say.
---@param buf integer? nil: the setting as it is for all
---@param ... string
---@return any
function M.of(buf, ...)
  local value = buf and inside(own[buf], ...)
  if value == nil then
    return M.get(...)
  end
  return value
end

--- What a chat's frontmatter says has changed.
---@param buf integer
---@param values table? nil: the chat is gone
function M.set_own(buf, values)
  own[buf] = values and next(values) and values or nil
end

--- All settings as one table, the user's over the defaults. A copy.
---@return table
function M.whole()
  return vim.tbl_deep_extend("force", vim.deepcopy(M.defaults), vim.deepcopy(current()))
end

--- A function as a table that names it: the host calls it by that number.
---@param fn function
---@return table
local function named(fn)
  numbers[fn] = numbers[fn] or require("flemma.functions").add(fn)
  return { [require("flemma.functions").MARK] = numbers[fn] }
end

--- What setup() was given, as plain data for the host: functions stay here. A table that is both a list and a table of
--- names cannot be sent, so there the positions become names ("1", "2").
---@return table
function M.plain()
  local function strip(value)
    if type(value) == "function" then
      return named(value)
    end
    if type(value) == "userdata" or type(value) == "thread" then
      return value == vim.NIL and value or nil
    end
    if type(value) ~= "table" then
      return value
    end
    local copy = {}
    local mixed = #value > 0 and not vim.islist(value)
    for key, item in pairs(value) do
      copy[mixed and tostring(key) or key] = strip(item)
    end
    return next(copy) == nil and vim.empty_dict() or copy
  end
  return strip(given) or vim.empty_dict()
end

return M
