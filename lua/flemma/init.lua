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
---@param opts? flemma.Settings
function M.setup(opts)
  require("flemma.settings").set(opts or {})
end

--- What is known of a chat, for status lines: who would answer, what it costs, what it is busy with. Answered from a
--- table at once, without a host; the same table until something is another (`User FlemmaStatusChanged`).
---@param bufnr? integer default: the current buffer
---@return flemma.Status? nil: it is no chat
function M.status(bufnr)
  return require("flemma.statusline").status(bufnr)
end

--- The same as a piece of a status line, as `ui.statusline` says: `%{%v:lua.require'flemma'.statusline()%}`.
---@param bufnr? integer default: the current buffer
---@return string empty where it is no chat
function M.statusline(bufnr)
  return require("flemma.statusline").text(bufnr)
end

return M
