--- Takes text out of a chat, as one undo step.

local api = vim.api

local M = {}

--- Lines as they are to be, and where the cursor of each window that shows the chat's end goes.
---@param buf integer
---@param first integer 0-based
---@param lines string[]
local function replace(buf, first, lines)
  -- An undo step of its own, whatever was typed just before.
  vim.bo[buf].undolevels = vim.bo[buf].undolevels
  api.nvim_buf_set_lines(buf, first, -1, false, lines)
  local last = api.nvim_buf_line_count(buf)
  for _, win in ipairs(vim.fn.win_findbuf(buf)) do
    api.nvim_win_set_cursor(win, { last, #api.nvim_buf_get_lines(buf, last - 1, last, false)[1] })
  end
end

--- Cut all from line `first` (1-based, of a `@You:`) on, but for what is said there: lines up to `said`. Nil: that
--- goes, too, and an empty prompt is left.
---@param buf integer
---@param first integer
---@param said integer?
function M.behind(buf, first, said)
  local kept = api.nvim_buf_get_lines(buf, first - 1, said or first - 1, false)
  while #kept > 1 and not kept[#kept]:find("%S") do
    kept[#kept] = nil
  end
  if #kept == 0 then
    kept = { "@You:", "" }
  end
  replace(buf, first - 1, kept)
end

--- Clear the chat: what is left is what an empty one begins with.
---@param buf integer
function M.all(buf)
  replace(buf, 0, {})
  require("flemma.buffer.prompt").begin(buf)
  vim.bo[buf].modified = true
end

--- Where the chat is being looked at, go on typing if that is wanted.
---@param buf integer
---@param insert boolean
function M.enter(buf, insert)
  if insert and api.nvim_get_current_buf() == buf then
    vim.cmd("startinsert!")
  end
end

return M
