--- From message to message: `]m`, `[m` and their commands.

local api = vim.api

local M = {}

--- The line of the head that is `count` messages away, or the last one there is in that direction.
---@param outline flemma.Outline
---@param from integer 1-based
---@param step 1|-1
---@param count integer
---@return integer?
local function find(outline, from, step, count)
  local is_head, found = require("flemma.ui.outline").is_head, nil
  local at, last = from + step, #outline.nodes
  while at >= 1 and at <= last and count > 0 do
    if is_head(outline, at) then
      found, count = at, count - 1
    end
    at = at + step
  end
  return found
end

--- Where in the head's line to land: on the text behind an old-form marker, else on the marker. An operator takes whole
--- lines up to the marker.
local function column(line, operator)
  local marker = line:match("^@%a+:[ \t]*")
  return not operator and #line > #marker and #marker or 0
end

---@param step 1|-1
---@param count? integer
local function move(step, count)
  local outline = require("flemma.ui.outline").of(api.nvim_get_current_buf())
  if not outline then
    return require("flemma.notify").warn("this buffer is not a chat")
  end
  local line = find(outline, api.nvim_win_get_cursor(0)[1], step, count or vim.v.count1)
  if not line then
    return
  end
  local operator = api.nvim_get_mode().mode:sub(1, 2) == "no"
  if not operator then
    vim.cmd.normal({ "m'", bang = true })
  end
  local text = api.nvim_buf_get_lines(0, line - 1, line, true)[1]
  api.nvim_win_set_cursor(0, { line, column(text, operator) })
end

---@param count? integer
function M.next_message(count)
  move(1, count)
end

---@param count? integer
function M.previous_message(count)
  move(-1, count)
end

return M
