--- Flemma: a .chat buffer is a conversation with a model.
---
--- Everything works without setup(); it only overrides settings.

local M = {}

--- Number that Lua and the host compare before anything else (`PROTOCOL` in `flemma_py/__init__.py`).
M.protocol = 1

--- Folder of the plugin.
---@return string
function M.root()
  return vim.fn.fnamemodify(debug.getinfo(1, "S").source:sub(2), ":p:h:h:h")
end

--- Override settings (`:help flemma-settings`). May be called again: what is not named goes back to its default.
---@param opts? table
function M.setup(opts)
  require("flemma.settings").set(opts or {})
end

return M
