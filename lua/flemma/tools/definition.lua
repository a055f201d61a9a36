--- A tool as Lua registers it: what is wrong with a definition, and what of it the host is told. Functions stay here.

local M = {}

---@class flemma.ToolDefinition
---@field name? string
---@field description? string what the model is told that it is for
---@field input_schema? table JSON Schema of an object
---@field output_schema? table JSON Schema of what it gives; the model is told
---@field execute? function see `calls.lua` for what it is called with
---@field async? boolean it answers through a callback
---@field enabled? boolean|fun(config: table): boolean
---@field executable? boolean false: the model may call it, and nothing here runs it
---@field timeout? number seconds that a run has
---@field capabilities? string[]
---@field format_preview? fun(input: table): string|string[]|nil what a call would do

--- Characters of a name on the narrowest wire, where a colon has two.
local LONGEST_NAME = 64

---@param name any
---@return string? problem
local function wrong_name(name)
  if type(name) ~= "string" or name == "" then
    return "it has no name"
  end
  if name:find(".", 1, true) then
    return "its name has a dot, which only names of modules have"
  end
  if not name:find("^[%w_-]+$") and not name:find("^[%w_-]+:[%w_-]+$") then
    return "its name may have letters, digits, _ and -, and one colon between two parts"
  end
  if #name:gsub(":", "__") > LONGEST_NAME then
    return ("its name is longer than %d characters"):format(LONGEST_NAME)
  end
end

---@type table<string, string> fields by name, and what each must be
local KINDS = {
  description = "string",
  input_schema = "table",
  output_schema = "table",
  execute = "function",
  async = "boolean",
  executable = "boolean",
  timeout = "number",
  capabilities = "table",
  format_preview = "function",
}

--- Why a definition cannot be registered; nil if it can.
---@param name any
---@param definition any
---@return string? problem
function M.problem(name, definition)
  local wrong = wrong_name(name)
  if wrong then
    return wrong
  end
  if type(definition) ~= "table" then
    return ("its definition is a %s and no table"):format(type(definition))
  end
  for field, kind in vim.spairs(KINDS) do
    local value = definition[field]
    if value ~= nil and type(value) ~= kind then
      return ("its %s must be a %s and is a %s"):format(field, kind, type(value))
    end
  end
  local enabled = definition.enabled
  if enabled ~= nil and type(enabled) ~= "boolean" and type(enabled) ~= "function" then
    return "its enabled must be true, false or a function"
  end
  -- Also not NaN.
  if definition.timeout ~= nil and not (definition.timeout > 0 and definition.timeout < math.huge) then
    return "its timeout must be a number of seconds above 0"
  end
  for _, field in ipairs({ "input_schema", "output_schema", "capabilities" }) do
    local plain, problem = pcall(vim.json.encode, definition[field])
    if not plain then
      return ("its %s is no plain data (%s)"):format(field, tostring(problem))
    end
  end
  if definition.input_schema and vim.islist(definition.input_schema) and #definition.input_schema > 0 then
    return 'its input_schema must be a table with `type = "object"`'
  end
end

--- How many parameters a function names.
---@param fn function?
---@return integer
function M.parameters(fn)
  return fn and debug.getinfo(fn, "u").nparams or 0
end

---@class (exact) flemma.RegisteredTool
---@field definition flemma.ToolDefinition
---@field numbers table<string, integer> numbers of its functions, by field

--- What the host is told of a tool.
---@param name string
---@param tool flemma.RegisteredTool
---@return table
function M.told(name, tool)
  local definition, numbers = tool.definition, tool.numbers
  local enabled = definition.enabled
  return {
    name = name,
    description = definition.description,
    input_schema = definition.input_schema,
    output_schema = definition.output_schema,
    enabled = enabled == nil or enabled == true,
    is_enabled = numbers.enabled,
    async = definition.async,
    run = definition.executable ~= false and numbers.execute or nil,
    timeout = definition.timeout,
    capabilities = definition.capabilities,
    preview = numbers.format_preview,
  }
end

return M
