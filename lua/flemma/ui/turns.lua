--- A line in the status column that joins the messages of a turn: from your words to the answer that needs no tool.
---
---     ╭ @You:           ╭ @You:
---     │ @Assistant:     ┊ @Assistant:      still at work, or waiting
---     ╰ Done.           └ (a tool call)
---
--- A turn is looked for around the line that Neovim asks about, and kept until the text changes.

local api, fn = vim.api, vim.fn

local M = {}

M.EXPR = "%{%v:lua.require'flemma.ui.turns'.column()%}"
--- Neovim's own columns, for whoever has no 'statuscolumn'.
local COLUMNS = "%C%s%=%l "

---@class (exact) flemma.Turn
---@field first integer 1-based
---@field last integer its last line with text
---@field through integer its last line
---@field complete boolean it ends with an answer
---@field joined boolean there are messages of both sides in it

---@class (exact) flemma.Turns
---@field tick integer
---@field list flemma.Turn[] in no order
---@field hit flemma.Turn?

---@type table<integer, flemma.Turns>
local known = {}

---@class (exact) flemma.turns.Message
---@field role string
---@field first integer
---@field last integer
---@field calls boolean it holds tool calls

---@param outline flemma.Outline
---@param at integer
---@return flemma.turns.Message?
local function message_at(outline, at)
  local message, first, last = require("flemma.ui.outline").message_at(outline, at)
  if not message or not first or not last then
    return nil
  end
  local calls = false
  if message.role == "Assistant" then
    for line = first, last do
      calls = calls or outline.nodes[line].kind == "tool_use"
    end
  end
  return { role = message.role, first = first, last = last, calls = calls }
end

--- Does a turn begin with this message of yours? Not where it answers calls of the message above.
---@param above flemma.turns.Message?
local function begins(above)
  return not above or above.role == "System" or (above.role == "Assistant" and not above.calls)
end

local function last_with_text(buf, first, last)
  for line = last, first + 1, -1 do
    if api.nvim_buf_get_lines(buf, line - 1, line, false)[1]:find("%S") then
      return line
    end
  end
  return first
end

--- The first message of the turn that `message` belongs to, or of what is no turn.
local function beginning(outline, message)
  while true do
    local above = message.first > 1 and message_at(outline, message.first - 1) or nil
    if not above or message.role == "System" or above.role == "System" then
      return message
    elseif message.role == "You" and begins(above) then
      return message
    end
    message = above
  end
end

--- The turn around a line, from its beginning on.
---@return flemma.Turn
local function find(outline, at)
  local start = message_at(outline, at)
  if not start then
    return { first = at, last = at, through = at, complete = false, joined = false }
  end
  start = beginning(outline, start)
  local message, answered = start, start.role == "Assistant"
  while true do
    local below = message.last < outline.count and message_at(outline, message.last + 1) or nil
    local ends = not below
      or message.role == "System"
      or below.role == "System"
      or (below.role == "You" and begins(message))
    if ends then
      break
    end
    message, answered =
      below, --[[@as flemma.turns.Message]]
      answered or below.role == "Assistant"
  end
  return {
    first = start.first,
    last = last_with_text(outline.buf, message.first, message.last),
    through = message.last,
    complete = message.role == "Assistant" and not message.calls,
    joined = start.role == "You" and answered,
  }
end

---@param buf integer
---@param at integer 1-based
---@return flemma.Turn?
function M.at(buf, at)
  local outline = require("flemma.ui.outline").of(buf)
  if not outline then
    return nil
  end
  local turns, tick = known[buf], api.nvim_buf_get_changedtick(buf)
  if not turns or turns.tick ~= tick then
    turns = { tick = tick, list = {} }
    known[buf] = turns
  end
  local hit = turns.hit
  if not hit or at < hit.first or at > hit.through then
    hit = vim.iter(turns.list):find(function(turn)
      return at >= turn.first and at <= turn.through
    end)
    if not hit then
      hit = find(outline, at)
      table.insert(turns.list, hit)
    end
    turns.hit = hit
  end
  local busy = hit.through == outline.count and require("flemma.buffer").is_busy(buf)
  return busy and vim.tbl_extend("force", hit, { complete = false }) or hit
end

--- Is this the last screen line of a line of text?
local function is_last_row(win, line, row)
  if row == 0 and not vim.wo[win].wrap then
    return true
  end
  local height = api.nvim_win_text_height(win, { start_row = line - 1, end_row = line - 1 })
  return row >= height.all - height.fill - 1
end

---@param turn flemma.Turn
---@param win integer
---@param line integer
---@param row integer screen line within it; below 0: virtual lines
---@return string
local function piece(turn, win, line, row)
  if not turn.joined or line > turn.last then
    return " "
  end
  local closed = fn.foldclosedend(line)
  local whole = closed == -1 and line or closed
  if line == turn.first and row == 0 then
    return whole >= turn.last and "─" or "╭"
  elseif whole >= turn.last and (closed ~= -1 or is_last_row(win, line, row)) and row >= 0 then
    return turn.complete and "╰" or "└"
  end
  return turn.complete and "│" or "┊"
end

--- A file may say it: not more than makes sense.
local function columns(wanted)
  return type(wanted) == "number" and math.max(0, math.min(math.floor(wanted), 8)) or 0
end

---@param buf integer
---@return integer left
---@return integer right
local function padding(buf)
  local wanted = require("flemma.settings").of(buf, "turns", "padding")
  if type(wanted) == "number" then
    return columns(wanted), 0
  elseif type(wanted) ~= "table" then
    return 0, 1
  end
  return columns(wanted[1] or wanted.left), columns(wanted[2] or wanted.right)
end

---@return string
local function column()
  -- While a status column is evaluated the current window is the one that is drawn.
  local win = api.nvim_get_current_win()
  local buf, line, row = api.nvim_win_get_buf(win), vim.v.lnum, vim.v.virtnum
  local left, right = padding(buf)
  local turn = M.at(buf, line)
  local drawn = turn and piece(turn, win, line, row) or " "
  -- The arc goes on into the ruler.
  local behind = (drawn == "╭" and require("flemma.settings").of(buf, "ruler", "enabled")) and "─" or " "
  return ("%%#FlemmaTurn#%s%s%s%%*"):format((" "):rep(left), drawn, behind:rep(right))
end

--- What 'statuscolumn' shows for the line that is drawn. An error here would come back with every line.
---@return string
function M.column()
  local ok, drawn = pcall(column)
  return ok and drawn or " "
end

--- 'statuscolumn' for a window that shows the chat, of which `users` is the user's own.
---@param buf integer
---@param users string
---@return string
function M.statuscolumn(buf, users)
  if not require("flemma.settings").of(buf, "turns", "enabled") then
    return users
  end
  return M.EXPR .. (users == "" and COLUMNS or users)
end

---@param buf integer
function M.forget(buf)
  known[buf] = nil
end

return M
