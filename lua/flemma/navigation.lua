--- From message to message and from tool block to tool block: `]m [m`, `]t [t` and their commands.

local api = vim.api

local M = {}

---@param outline flemma.Outline
---@param at integer 1-based
---@return boolean
local function is_head(outline, at)
  return require("flemma.ui.outline").is_head(outline, at)
end

--- Does a tool block begin on this line?
local function is_tool(outline, at)
  local node = outline.nodes[at]
  return (node.kind == "tool_use" or node.kind == "tool_result") and node ~= outline.nodes[at - 1]
end

--- The line that begins something `count` times away, or the last one there is in that direction.
---@param outline flemma.Outline
---@param begins fun(outline: flemma.Outline, at: integer): boolean
---@param from integer 1-based
---@param step 1|-1
---@param count integer
---@return integer?
local function find(outline, begins, from, step, count)
  local found
  local at, last = from + step, #outline.nodes
  while at >= 1 and at <= last and count > 0 do
    if begins(outline, at) then
      found, count = at, count - 1
    end
    at = at + step
  end
  return found
end

--- Where in the head's line to land: on the text behind an old-form marker, else on the marker. An operator takes whole
--- lines up to the marker.
local function column(line, operator)
  local marker = line:match("^@%a+:[ \t]*") or ""
  return not operator and #line > #marker and #marker or 0
end

---@param begins fun(outline: flemma.Outline, at: integer): boolean
---@param step 1|-1
---@param count? integer
local function move(begins, step, count)
  local outline = require("flemma.ui.outline").of(api.nvim_get_current_buf())
  if not outline then
    return require("flemma.notify").warn("this buffer is not a chat")
  end
  local line = find(outline, begins, api.nvim_win_get_cursor(0)[1], step, count or vim.v.count1)
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
  move(is_head, 1, count)
end

---@param count? integer
function M.previous_message(count)
  move(is_head, -1, count)
end

---@param count? integer
function M.next_tool(count)
  move(is_tool, 1, count)
end

---@param count? integer
function M.previous_tool(count)
  move(is_tool, -1, count)
end

return M
