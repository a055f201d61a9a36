--- The user's settings as Lua keeps them: what setup() was given, and defaults of the few keys that Lua reads itself.
---
--- The host owns the schema (`flemma_py/config/schema.py`) and checks all of it; a test keeps these defaults equal.

local M = {}

M.defaults = {
  keymaps = {
    enabled = true,
    normal = { send = "<C-]>", cancel = "<C-c>", tool_execute = "<M-CR>" },
    insert = { send = "<C-]>" },
  },
  editing = { disable_textwidth = true, auto_write = false },
  tools = { show_spinner = true, cursor_after_result = "result" },
  notify = { enabled = true, timeout = 8000, max_width = 60, padding = 1, border = "rounded", title = "Flemma" },
  pricing = { enabled = true },
  logging = { enabled = false },
}

---@type table what setup() was given
local given = {}

---@param opts table
function M.set(opts)
  if type(opts) ~= "table" then
    require("flemma.notify").error(("setup() wants a table, not a %s"):format(type(opts)))
    return
  end
  given = vim.deepcopy(opts)
  require("flemma.host").settings_changed()
end

--- The value at a path such as `get("keymaps", "normal", "send")`: the user's if there is one, else the default.
---@param ... string
function M.get(...)
  local value, default = given, M.defaults
  for _, key in ipairs({ ... }) do
    if type(value) == "table" then
      value = value[key]
    else
      value = nil
    end
    default = default[key]
  end
  if value == nil or value == vim.NIL then
    return default
  end
  return value
end

--- What setup() was given, as plain data for the host: functions stay here. A table that is both a list and a table of
--- names cannot be sent, so there the positions become names ("1", "2").
---@return table
function M.plain()
  local function strip(value)
    if type(value) == "function" or type(value) == "userdata" or type(value) == "thread" then
      return nil
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
