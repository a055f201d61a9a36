--- The user's settings as Lua keeps them: what setup() was given, and defaults of the few keys that Lua reads itself.
---
--- The host owns the schema (`flemma_py/config/schema.py`) and checks all of it; a test keeps these defaults equal.

local M = {}

M.defaults = {
  keymaps = {
    enabled = true,
    normal = {
      send = "<C-]>",
      cancel = "<C-c>",
      tool_execute = "<M-CR>",
      next_message = "]m",
      prev_message = "[m",
    },
    insert = { send = "<C-]>" },
  },
  text_object = "m",
  editing = { disable_textwidth = true, auto_write = false, manage_updatetime = true, foldlevel = 1 },
  tools = { show_spinner = true, cursor_after_result = "result" },
  notify = { enabled = true, timeout = 8000, max_width = 60, padding = 1, border = "rounded", title = "Flemma" },
  pricing = { enabled = true, high_cost_threshold = 30 },
  logging = { enabled = false },
  defaults = {
    dark = { bg = "#000000", fg = "#ffffff" },
    light = { bg = "#ffffff", fg = "#000000" },
  },
  highlights = {
    system = "Special",
    user = "Normal",
    assistant = "Normal",
    user_lua_expression = "PreProc",
    user_file_reference = "Include",
    thinking_tag = "Comment",
    thinking_block = { dark = "Comment+bg:#102020-fg:#111111", light = "Comment-bg:#102020+fg:#111111" },
    tool_use = "Function",
    tool_result = "Function",
    tool_result_error = "DiagnosticError",
  },
  role_style = "bold,underline",
  ruler = { enabled = true, char = "─", hl = { dark = "Comment-fg:#303030", light = "Comment+fg:#303030" } },
  line_highlights = {
    enabled = true,
    frontmatter = { dark = "Normal+bg:#201020", light = "Normal-bg:#201020" },
    system = { dark = "Normal+bg:#201000", light = "Normal-bg:#201000" },
    user = { dark = "Normal", light = "Normal" },
    assistant = { dark = "Normal+bg:#102020", light = "Normal-bg:#102020" },
  },
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
  if package.loaded["flemma.ui"] then
    require("flemma.ui").settings_changed()
  end
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
