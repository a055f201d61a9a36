--- What requests used before this Neovim began, where the owner wants it to go on with that (`sessions.restore_usage`).

local M = {}

local is_done = false

--- Requests from the ledger: they go before those of this Neovim, and are billed no more than they were. A host that is
--- started again tells them again.
---@param payload { requests: table[] }
function M.receive(payload)
  if is_done then
    return
  end
  is_done = true
  local session = require("flemma.session.requests").get()
  local before = vim.tbl_map(function(request)
    return vim.tbl_extend("force", request, { imported = true })
  end, payload.requests)
  session:load(vim.list_extend(before, session.requests))
end

return M
