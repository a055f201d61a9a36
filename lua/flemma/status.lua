--- `:Flemma status [verbose]`: asks the host what holds for a chat, and shows the page that comes back.

local api = vim.api

local M = {}

---@type { buf: integer?, verbose: boolean }?
local asked

--- The chat that is meant: the current one, or that of the page where the cursor is.
---@return integer?
local function chat()
  local buf = api.nvim_get_current_buf()
  if vim.bo[buf].filetype == "chat" then
    return buf
  end
  if vim.b[buf].flemma_page and asked and asked.buf and api.nvim_buf_is_valid(asked.buf) then
    return asked.buf
  end
end

local function ask()
  local host = require("flemma.host")
  local buf = assert(asked).buf
  if buf and api.nvim_buf_is_loaded(buf) then
    require("flemma.buffer.watch").flush(buf)
  end
  host.send("status", { buf = buf, verbose = asked.verbose })
end

---@param verbose boolean
function M.open(verbose)
  asked = { buf = chat(), verbose = verbose }
  if require("flemma.host").ensure() then
    ask()
  end
end

--- What the host drew.
---@param payload { lines: string[], marks: table[] }
function M.receive(payload)
  require("flemma.ui.page").show("status", "flemma-status", payload)
end

--- Something has changed: draw the page anew where it is open.
function M.refresh()
  if asked and require("flemma.ui.page").is_shown("status") then
    ask()
  end
end

return M
