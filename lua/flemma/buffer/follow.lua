--- Which windows go along with a growing reply: those whose cursor stood on the last line, and the one it was sent from
--- while its cursor stays where it was in the message that was sent. No other is scrolled.

local api = vim.api

local M = {}

--- The current window, if its cursor is in the last message of the buffer: whoever sends from there wants to read on.
---@param buf integer
---@return { win: integer, cursor: integer[] }?
function M.sender(buf)
  local win = api.nvim_get_current_win()
  if api.nvim_win_get_buf(win) ~= buf then
    return nil
  end
  local cursor = api.nvim_win_get_cursor(win)
  for row = api.nvim_buf_line_count(buf), cursor[1] + 1, -1 do
    local line = api.nvim_buf_get_lines(buf, row - 1, row, true)[1]
    if line:byte() == 64 and (line:find("^@System:") or line:find("^@You:") or line:find("^@Assistant:")) then
      return nil
    end
  end
  return { win = win, cursor = cursor }
end

--- Windows that follow: the cursor is on the last line, or on the last one with text when only blank lines come after.
--- The current window is left alone in insert and visual mode: there the cursor belongs to the user.
---@param buf integer
---@return integer[]
function M.windows(buf)
  local following = {}
  local last = api.nvim_buf_line_count(buf)
  while last > 1 and api.nvim_buf_get_lines(buf, last - 1, last, true)[1] == "" do
    last = last - 1
  end
  local sender = require("flemma.buffer").follower(buf)
  local busy_mode = api.nvim_get_mode().mode:find("^[iRvVsS\22\19]") ~= nil
  for _, win in ipairs(vim.fn.win_findbuf(buf)) do
    local mine = win == api.nvim_get_current_win() and busy_mode
    local cursor = api.nvim_win_get_cursor(win)
    local waits = sender and sender.win == win and sender.cursor[1] == cursor[1]
    if not mine and (cursor[1] >= last or waits) then
      following[#following + 1] = win
    end
  end
  return following
end

--- The reply was taken away again: whoever sent it stands where they were, unless they have gone elsewhere since.
---@param buf integer
function M.back(buf)
  local sender = require("flemma.buffer").follower(buf)
  if sender and api.nvim_win_is_valid(sender.win) and api.nvim_win_get_buf(sender.win) == buf then
    if api.nvim_win_get_cursor(sender.win)[1] == api.nvim_buf_line_count(buf) then
      api.nvim_win_set_cursor(sender.win, sender.cursor)
    end
  end
end

--- Put the cursors of these windows onto the end of the buffer.
---@param buf integer
---@param windows integer[]
function M.to_end(buf, windows)
  if #windows == 0 then
    return
  end
  local last = api.nvim_buf_line_count(buf)
  local column = #api.nvim_buf_get_lines(buf, last - 1, last, true)[1]
  for _, win in ipairs(windows) do
    if api.nvim_win_is_valid(win) and api.nvim_win_get_buf(win) == buf then
      api.nvim_win_set_cursor(win, { last, column })
    end
  end
end

return M
