--- Who else decides about tool calls: `register("name", { priority = 50, resolve = fn })`.
---
--- A resolver is called with the name of the tool, its input and `{ filename }`. It answers true or "approve", false or
--- "require_approval", "deny", or nil: the next one is asked. The one with the higher priority comes first; the owner's
--- rules have 100. The host waits 200 ms for an answer; none counts as asking.

local M = {}

--- Of a resolver that names none.
M.PRIORITY = 50

---@alias flemma.ApprovalAnswer boolean|"approve"|"require_approval"|"deny"|nil

---@class flemma.ApprovalResolver
---@field resolve fun(tool: string, input: table, context: { filename: string? }): flemma.ApprovalAnswer
---@field priority? integer

---@class (exact) flemma.KeptResolver
---@field given flemma.ApprovalResolver
---@field priority integer
---@field id integer

---@type table<string, flemma.KeptResolver> by name
local resolvers = {}

---@type table<string, integer> numbers of functions that ask a module, by its name
local modules = {}

---@param value any
---@return boolean
local function is_module(value)
  return type(value) == "string" and value:find("^[%w_-]+%.[%w_.-]+$") ~= nil
end

--- The modules that the settings name as resolvers: words with a dot, in `tools.auto_approve` and in presets.
---@return table<string, true>
local function named()
  local found = {}
  local function take(list)
    for _, word in ipairs(type(list) == "table" and list or { list }) do
      if is_module(word) then
        found[word] = true
      end
    end
  end
  local settings = require("flemma.settings")
  take(settings.get("tools", "auto_approve"))
  local presets = settings.get("presets")
  for _, preset in pairs(type(presets) == "table" and presets or {}) do
    if type(preset) == "table" then
      take(preset.auto_approve)
    end
  end
  return found
end

--- A function that asks a module: its `resolve`, or the module itself where that is a function.
---@param name string
---@return function
local function asking(name)
  return function(...)
    local found = require(name)
    local resolve = type(found) == "table" and found.resolve or found
    if type(resolve) ~= "function" then
      error(("the module %s has no function resolve"):format(name), 0)
    end
    return resolve(...)
  end
end

---@param numbers table
---@return table
local function sendable(numbers)
  return next(numbers) == nil and vim.empty_dict() or numbers
end

--- What the host calls them by.
---@return { resolvers: table<string, { id: integer, priority: integer }>, modules: table<string, integer> }
function M.numbers()
  local wanted = named()
  for name in pairs(wanted) do
    modules[name] = modules[name] or require("flemma.functions").add(asking(name))
  end
  return {
    resolvers = sendable(vim.tbl_map(function(kept)
      return { id = kept.id, priority = kept.priority }
    end, resolvers)),
    modules = sendable(modules),
  }
end

--- Tell the host.
function M.tell()
  require("flemma.host").send("resolvers", M.numbers())
end

---@param name string
local function drop(name)
  local kept = resolvers[name]
  if kept then
    require("flemma.functions").remove(kept.id)
    resolvers[name] = nil
  end
  return kept ~= nil
end

--- Let `resolver` have a say in what runs unasked. Of two of one name the later one counts.
---@param name string
---@param resolver flemma.ApprovalResolver
function M.register(name, resolver)
  if type(name) ~= "string" or name == "" then
    error("flemma: a resolver of approval needs a name", 2)
  end
  if type(resolver) ~= "table" or type(resolver.resolve) ~= "function" then
    error(("flemma: the resolver %s needs a function `resolve`"):format(name), 2)
  end
  local priority = resolver.priority == nil and M.PRIORITY or resolver.priority
  if type(priority) ~= "number" or priority ~= math.floor(priority) then
    error(("flemma: the priority of the resolver %s must be a whole number"):format(name), 2)
  end
  drop(name)
  resolvers[name] = { given = resolver, priority = priority, id = require("flemma.functions").add(resolver.resolve) }
  M.tell()
end

---@param name string
function M.unregister(name)
  if drop(name) then
    M.tell()
  end
end

---@param name string
---@return flemma.ApprovalResolver?
function M.get(name)
  return resolvers[name] and resolvers[name].given
end

--- All that were registered, in the order in which they are asked.
---@return { name: string, priority: integer }[]
function M.get_all()
  local list = {}
  for name, kept in pairs(resolvers) do
    list[#list + 1] = { name = name, priority = kept.priority }
  end
  table.sort(list, function(one, other)
    if one.priority ~= other.priority then
      return one.priority > other.priority
    end
    return one.name < other.name
  end)
  return list
end

---@return integer
function M.count()
  return vim.tbl_count(resolvers)
end

--- Forget all that were registered.
function M.clear()
  for name in pairs(resolvers) do
    drop(name)
  end
  M.tell()
end

return M
