--- `:Flemma diagnostics:…`: whether requests begin as those before them did, which is what a cache lives on. The host
--- keeps and compares them; what a command chose holds until Neovim is left.

local api = vim.api

local M = {}

---@type boolean? what a command chose
local chosen

--- Tell the host, if a command chose something.
function M.tell()
  if chosen ~= nil then
    require("flemma.host").send("diagnose", { enabled = chosen })
  end
end

function M.enable()
  chosen = true
  M.tell()
  require("flemma.notify").info("requests are compared from now on: the second one of a chat is the first to be judged")
end

function M.disable()
  chosen = false
  M.tell()
  require("flemma.notify").info("requests are not compared any more, and those that were kept are forgotten")
end

--- Show the last two requests of the current chat side by side. `normalized`: only what a cache looks at.
---@param normalized boolean
function M.diff(normalized)
  local buf = api.nvim_get_current_buf()
  if vim.bo[buf].filetype ~= "chat" then
    return require("flemma.notify").warn("this buffer is not a chat: go to the one whose requests you want to see")
  end
  if require("flemma.host").ensure() then
    require("flemma.host").send("compare", { buf = buf, normalized = normalized })
  end
end

---@param text string
---@param title string
local function fill(text, title)
  local buf = api.nvim_get_current_buf()
  api.nvim_buf_set_lines(buf, 0, -1, true, vim.split(text, "\n", { plain = true }))
  vim.bo[buf].buftype = "nofile"
  vim.bo[buf].bufhidden = "wipe"
  vim.bo[buf].swapfile = false
  vim.bo[buf].modifiable = false
  vim.bo[buf].modified = false
  -- Colours without a filetype: that would start language servers.
  vim.bo[buf].syntax = "json"
  -- The same may be shown in another tab already: then the name is taken, and the buffer does without.
  pcall(api.nvim_buf_set_name, buf, "flemma://request/" .. title)
  vim.keymap.set("n", "q", "<Cmd>tabclose<CR>", { buffer = buf, nowait = true, desc = "Flemma: close" })
  vim.cmd.diffthis()
end

--- Two bodies that the host made readable.
---@param payload { before: string, after: string }
function M.receive(payload)
  vim.cmd.tabnew()
  fill(payload.before, "before")
  vim.cmd("rightbelow vnew")
  fill(payload.after, "after")
end

return M
