--- Asks the modules, and finds out what they changed.
---
--- Each sees what those before it left in `env`; the built-in names come in between, with priorities of their own. One
--- that fails leaves nothing behind.

local builtin = require("flemma.templating.builtin")
local environment = require("flemma.templating.environment")

local M = {}

--- Of a module that names none.
M.PRIORITY = 500

local PASSED_OVER = "was passed over: "
local LEFT_OUT = "brings what was left out: "

---@class (exact) flemma.Populator
---@field name string
---@field priority number
---@field populate fun(env: table)
---@field module string? nil for what is built in

---@type table<function, integer> numbers of functions that modules brought
local numbers = {}

---@param fn function
---@return integer
local function keep(fn)
  numbers[fn] = numbers[fn]
    or require("flemma.functions").add(function(...)
      return require("flemma.templating.plain").encode(fn(...))
    end)
  return numbers[fn]
end

--- The functions that were collected are called no more.
function M.forget()
  for _, id in pairs(numbers) do
    require("flemma.functions").remove(id)
  end
  numbers = {}
end

--- An error of a module's in one line.
---@param problem any
---@param module string
---@return string
local function in_a_line(problem, module)
  local text = tostring(problem)
  if text:find(("module '%s' not found:"):format(module), 1, true) then
    return "there is no such module on the 'runtimepath'"
  end
  return (text:match("^[^\n]*"):gsub(":$", ""))
end

--- A module as a populator: a table with a function `populate`, a function, or a table of values.
---@param module string
---@return flemma.Populator
local function load(module)
  local found = require(module)
  if type(found) == "function" then
    return { name = module, module = module, priority = M.PRIORITY, populate = found }
  elseif type(found) ~= "table" then
    error(("it gives a %s, not a table or a function"):format(type(found)), 0)
  elseif type(found.populate) ~= "function" then
    local function populate(env)
      for name, value in pairs(found) do
        env[name] = value
      end
    end
    return { name = module, module = module, priority = M.PRIORITY, populate = populate }
  end
  local priority = found.priority == nil and M.PRIORITY or found.priority
  if type(priority) ~= "number" or priority ~= priority then
    error("its priority is not a number", 0)
  end
  return {
    name = type(found.name) == "string" and found.name or module,
    module = module,
    priority = priority,
    populate = found.populate,
  }
end

--- Why a name cannot be one of a template, nil where it can.
---@param difference flemma.Difference
---@return string?
local function refusal(difference)
  for _, part in ipairs(difference.path) do
    if type(part) ~= "string" or not part:find("^[%a_][%w_]*$") then
      return ("%s is no name for a template"):format(tostring(part))
    end
  end
  local name = difference.path[1]
  if #difference.path == 1 and builtin.own[name] then
    return ("%s is each file's own and cannot be changed"):format(name)
  end
end

---@param module string
---@param name string
---@param priority number
---@return flemma.TemplateModule
local function member_of(module, name, priority)
  return { module = module, name = name, priority = priority, brings = {}, removes = {} }
end

---@param modules string[]
---@return flemma.Populator[] populators
---@return flemma.TemplateModule[] failed
local function all(modules)
  local populators, failed = vim.list_extend({}, builtin.populators), {}
  for _, module in ipairs(modules) do
    local ok, found = pcall(load, module)
    if ok then
      populators[#populators + 1] = found
    else
      local member = member_of(module, module, M.PRIORITY)
      member.problem = PASSED_OVER .. in_a_line(found, module)
      failed[#failed + 1] = member
    end
  end
  local order = {}
  for index, populator in ipairs(populators) do
    order[populator] = index
  end
  table.sort(populators, function(one, other)
    if one.priority ~= other.priority then
      return one.priority < other.priority
    end
    return order[one] < order[other]
  end)
  return populators, failed
end

--- The differences as the host gets them, each noted with who made it. What the host cannot have is left out.
---@param found table<string, flemma.Difference>
---@param owners table<string, flemma.TemplateModule>
---@return flemma.Difference[]
local function encoded(found, owners)
  local changes = {}
  for name, difference in vim.spairs(found) do
    local owner = owners[name]
    local problem = refusal(difference)
    local value
    if not problem and not difference.gone then
      local ok, found_value = pcall(require("flemma.templating.plain").encode, difference.value, keep)
      value = found_value
      problem = not ok and ("%s: %s"):format(name, found_value) or nil
    end
    if not problem then
      changes[#changes + 1] = { path = difference.path, value = value, gone = difference.gone }
      table.insert(difference.gone and owner.removes or owner.brings, name)
    else
      owner.problem = owner.problem and ("%s; %s"):format(owner.problem, problem) or LEFT_OUT .. problem
    end
  end
  return changes
end

--- Ask the modules, in the order of their priorities; of one priority those come first that are named first.
---@param modules string[]
---@return flemma.TemplateNames
function M.collect(modules)
  local populators, members = all(modules)
  local given, base = environment.built_in()
  local env = {}
  local before = environment.differences(env, base)
  ---@type table<string, flemma.TemplateModule> who brought a name or took it away
  local owners = {}
  for _, populator in ipairs(populators) do
    local member
    if given[populator] then
      for name, value in pairs(given[populator]) do
        env[name] = value
      end
    else
      member = member_of(populator.module, populator.name, populator.priority)
      members[#members + 1] = member
      local snapshot = environment.levels(env)
      local ok, problem = pcall(populator.populate, env)
      if not ok then
        member.problem = PASSED_OVER .. in_a_line(problem, populator.module)
        environment.restore(snapshot)
      end
    end
    local after = environment.differences(env, base)
    for name, difference in pairs(after) do
      local known = before[name]
      if not known or not rawequal(known.value, difference.value) then
        owners[name] = member
      end
    end
    before = after
  end
  return { members = members, changes = encoded(before, owners) }
end

return M
