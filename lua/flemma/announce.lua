--- Fires the User events that others may listen to. An error of theirs is a notice, and breaks nothing of ours.
---
--- Such an error does not come back to whoever fired the event: Neovim shows it, and as it has several lines, with a
--- hit-enter prompt, during which no reply is written. So it is kept quiet, and told.

local M = {}

---@type vim.api.keyset.exec_autocmds
local announcement

--- For the command below: `:lua` can be told to keep errors quiet, a call cannot.
function M.fire()
  vim.api.nvim_exec_autocmds("User", announcement)
end

---@param buf integer? the chat that it is about
---@param event string
---@param data table
function M.announce(buf, event, data)
  data.bufnr = buf
  if event ~= "FlemmaStatusChanged" then
    require("flemma.state").touch(buf)
  end
  announcement = { pattern = event, modeline = false, data = data }
  local before = vim.v.errmsg
  vim.v.errmsg = ""
  local command = { cmd = "lua", args = { "require('flemma.announce').fire()" }, mods = { emsg_silent = true } }
  local ok, problem = pcall(vim.api.nvim_cmd, command, {})
  problem = ok and vim.v.errmsg or problem
  if problem == "" then
    vim.v.errmsg = before
  else
    require("flemma.notify").warn(("an autocommand for %s failed: %s"):format(event, problem))
  end
end

return M
