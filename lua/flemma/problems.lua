--- What the host found wrong in a chat, as diagnostics of Neovim: `]d` goes there, a float tells.

local M = {}

local ns = vim.api.nvim_create_namespace("flemma.problems")
local SEVERITY = { error = vim.diagnostic.severity.ERROR, warn = vim.diagnostic.severity.WARN }

--- Show these, and no others any more.
---@param buf integer
---@param items { line: integer, column: integer, level: string, message: string }[]
function M.show(buf, items)
  if not vim.api.nvim_buf_is_loaded(buf) then
    return
  end
  local last = vim.api.nvim_buf_line_count(buf) - 1
  local found = vim.tbl_map(function(item)
    return {
      lnum = math.min(item.line, last),
      col = item.column,
      severity = SEVERITY[item.level],
      message = item.message,
      source = "flemma",
    }
  end, items)
  vim.diagnostic.set(ns, buf, found)
end

return M
