--- Tools that the user's Lua brings: `register` in all its forms, and what is registered, told without a host.
---
--- The host gets names, descriptions and schemas; what a tool does stays here and runs here (`calls.lua`). A tool of a
--- name that was taken before takes its place.

local definitions = require("flemma.tools.definition")
local sources = require("flemma.tools.sources")

local M = {}

---@type table<string, flemma.RegisteredTool>
local registered = {}
---@type table<string, string> where each was registered, by name
local places = {}
---@type table<string, true> modules of the settings that have been loaded
local loaded = {}
---@type table<string, table> tools that the host knows and that are not ours, by name
local known = {}
local push_due = false

local function notify()
  return require("flemma.notify")
end

--- Where a call came from: the nearest function that is none of ours, as `init.lua:12`.
---@return string
local function caller()
  local own = debug.getinfo(1, "S").source:gsub("init%.lua$", "")
  for level = 2, 12 do
    local info = debug.getinfo(level, "Sl")
    if not info then
      break
    end
    if info.what ~= "C" and not vim.startswith(info.source, own) and info.currentline > 0 then
      return ("%s:%d"):format(vim.fs.basename(info.short_src), info.currentline)
    end
  end
  return "Lua"
end

--- What the host is told: all tools, and the sources that are not done.
---@return { tools: table[], pending: table[] }
function M.told()
  M.load_modules()
  local list = {}
  for name, tool in vim.spairs(registered) do
    list[#list + 1] = definitions.told(name, tool)
  end
  return { tools = list, pending = sources.pending() }
end

--- Tell the host at once what it has not been told yet.
function M.flush()
  if push_due then
    push_due = false
    require("flemma.host").send("tools", M.told())
  end
end

local function push()
  if push_due then
    return
  end
  push_due = true
  vim.schedule(function()
    local ok, problem = pcall(M.flush)
    if not ok then
      notify().error(("the tools of your Lua could not be told to the host: %s"):format(tostring(problem)))
    end
  end)
end

---@param name string
local function forget(name)
  for _, number in pairs(registered[name] and registered[name].numbers or {}) do
    require("flemma.functions").remove(number)
  end
  registered[name], places[name] = nil, nil
end

--- The functions of a definition, by number, for the host to ask for.
---@param definition flemma.ToolDefinition
---@return table<string, integer>
local function numbered(definition)
  local functions, numbers = require("flemma.functions"), {}
  for _, field in ipairs({ "execute", "format_preview" }) do
    if definition[field] then
      numbers[field] = functions.add(definition[field])
    end
  end
  local enabled = definition.enabled
  if type(enabled) == "function" then
    numbers.enabled = functions.add(function()
      return enabled(require("flemma.settings").whole())
    end)
  end
  return numbers
end

--- Register one tool. What is wrong with it is a notice, and breaks nothing else.
---@param name any
---@param definition any
---@param place string
---@return boolean, string? problem
local function put(name, definition, place)
  local problem = definitions.problem(name, definition)
  if problem then
    problem = ("the tool %s was not registered (%s): %s"):format(tostring(name), place, problem)
    notify().error(problem)
    return false, problem
  end
  local taken = registered[name] and places[name] or (require("flemma.tools.built_in")[name] and "Flemma's own")
  -- The same line again is a file that was sourced once more.
  if taken and taken ~= place then
    notify().warn(("the tool %s (%s) takes the place of an earlier one (%s)"):format(name, place, taken))
  end
  forget(name)
  local kept = vim.tbl_extend("force", definition, { name = name })
  registered[name] = { definition = kept, numbers = numbered(kept) }
  places[name] = place
  push()
  return true
end

--- Report a source when it is done: sends go on, and whoever waited for all of them is told.
local function source_changed()
  push()
  if sources.is_ready() then
    vim.schedule(function()
      if sources.is_ready() then
        require("flemma.announce").announce(nil, "FlemmaBootComplete", {})
      end
    end)
  end
end

---@param label string
---@param resolve function
---@param timeout any
---@return boolean
local function begin(label, resolve, timeout)
  local seconds = type(timeout) == "number" and timeout > 0 and timeout
    or require("flemma.settings").get("tools", "default_timeout")
  local function register(name, definition)
    -- As in the other forms a definition may come alone.
    if type(name) == "table" and definition == nil then
      return put(name.name, name, label)
    end
    return put(name, definition, label)
  end
  sources.begin(label, resolve, seconds, register, source_changed)
  return true
end

--- Register each tool of a list; a wrong one does not keep the others away.
---@param list any[]
---@param place string
---@return boolean, string? problem
local function put_all(list, place)
  local good, first, seen = true, nil, {}
  for _, definition in ipairs(list) do
    local name = type(definition) == "table" and definition.name or nil
    if name and seen[name] then
      notify().warn(("%s has two tools %s: the later one counts"):format(place, tostring(name)))
    end
    seen[name or ""] = true
    local ok, problem = put(name, definition, place)
    good, first = good and ok, first or problem
  end
  return good, first
end

---@param problem string
---@return boolean, string
local function refuse(problem)
  notify().error(problem)
  return false, problem
end

--- What a table stands for: a source that takes its time, a list of definitions, one definition.
---@param found table
---@param label string
---@return boolean, string? problem
local function take(found, label)
  local good, problem, any = true, nil, false
  if type(found.definitions) == "table" then
    any, good, problem = true, put_all(found.definitions, label)
  end
  if type(found.resolve) == "function" then
    begin(label, found.resolve, found.timeout)
  elseif not any and type(found.name) == "string" then
    return put(found.name, found, label)
  elseif not any and vim.islist(found) then
    return put_all(found, label)
  elseif not any then
    return refuse(("nothing was registered (%s): it has no name, definitions or resolve"):format(label))
  end
  return good, problem
end

---@param name string
---@return boolean, string? problem
local function take_module(name)
  local ok, found = pcall(require, name)
  if not ok then
    -- The first line says what; the others are all places where it is not.
    return refuse(("the module %s brings no tools: %s"):format(name, vim.split(tostring(found), "\n")[1]))
  end
  if type(found) ~= "table" then
    return refuse(("the module %s brings no tools: it gives a %s and no table"):format(name, type(found)))
  end
  return take(found, name)
end

--- Register tools: `(name, definition)`, the name of a module, a definition with a name, a list of those, a function
--- `(register, done)`, or a table of `resolve` and `timeout` (seconds).
---@param source string|table|function
---@param definition? flemma.ToolDefinition
---@return boolean registered, string? problem it has been told as a notice
function M.register(source, definition)
  if type(source) == "function" then
    return begin(caller(), source)
  elseif type(source) == "table" then
    return take(source, caller())
  elseif type(source) == "string" and definition == nil then
    return take_module(source)
  end
  return put(source, definition, caller())
end

--- The modules that `tools.modules` names, whatever form the list has.
---@return string[]
local function modules()
  local found = {}
  local function gather(value)
    if type(value) == "string" then
      found[#found + 1] = value
    elseif type(value) == "table" then
      vim.iter(vim.spairs(value)):each(function(_, each)
        gather(each)
      end)
    end
  end
  gather(require("flemma.settings").get("tools", "modules"))
  return found
end

--- Load the modules of the settings: when a chat is opened first, or somebody asks for the tools.
function M.load_modules()
  for _, name in ipairs(modules()) do
    if not loaded[name] then
      loaded[name] = true
      take_module(name)
    end
  end
end

--- The definition of a tool: ours, one of the host's, or one that comes with Flemma.
---@param name string
---@return table?
function M.get(name)
  M.load_modules()
  local tool = registered[name]
  local found = tool and tool.definition or known[name] or require("flemma.tools.built_in")[name]
  return found and vim.deepcopy(found)
end

--- All definitions by name, also of tools that are off (`enabled = false`).
---@return table<string, table>
function M.get_all()
  M.load_modules()
  local all = vim.tbl_extend("force", require("flemma.tools.built_in"), known)
  for name, tool in pairs(registered) do
    all[name] = tool.definition
  end
  return vim.deepcopy(all)
end

--- Forget one that was registered here; whether there was one.
---@param name string
---@return boolean
function M.unregister(name)
  local had = registered[name] ~= nil
  forget(name)
  if had then
    push()
  end
  return had
end

--- Forget all that were registered here, and whatever sources are still to bring.
function M.clear()
  sources.forget()
  for name in pairs(registered) do
    forget(name)
  end
  -- Cleared is cleared: the modules of the settings do not come back by themselves.
  for _, name in ipairs(modules()) do
    loaded[name] = true
  end
  push()
end

--- Are all sources done?
---@return boolean
function M.is_ready()
  return sources.is_ready()
end

--- What the host knows of tools that are not ours.
---@param payload { tools: table[] }
function M.receive(payload)
  known = {}
  for _, tool in ipairs(payload.tools) do
    known[tool.name] = require("flemma.functions").without_nil(tool)
  end
end

return M
