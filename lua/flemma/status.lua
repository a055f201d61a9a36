--- `:Flemma status [verbose]`: asks the host what holds for a chat, and shows the page that comes back.

local api = vim.api

local M = {}

---@type { buf: integer?, verbose: boolean, section: string? }?
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
---@param section? string where the cursor goes
function M.open(verbose, section)
  asked = { buf = chat(), verbose = verbose, section = section }
  if require("flemma.host").ensure() then
    ask()
  end
end

--- What the host drew.
---@param payload { lines: string[], marks: table[] }
function M.receive(payload)
  local buf = require("flemma.ui.page").show("status", "flemma-status", payload)
  local section = asked and asked.section
  local win = vim.fn.bufwinid(buf)
  if not section or win < 0 then
    return
  end
  asked.section = nil
  for row, line in ipairs(payload.lines) do
    if vim.startswith(line, section) then
      return api.nvim_win_set_cursor(win, { row, 0 })
    end
  end
end

--- Something has changed: draw the page anew where it is open.
function M.refresh()
  if asked and require("flemma.ui.page").is_shown("status") then
    ask()
  end
end

return M
