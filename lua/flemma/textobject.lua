--- A message as a text object: `im` is what it says, `am` all of it with its marker and the blank lines behind it.
---
--- `im` never takes thinking. A selection is one piece, so where thinking stands between two texts it is the text that
--- the cursor is in, or the next one.

local api = vim.api

local M = {}

---@class (exact) flemma.Stretch lines of text between thinking blocks, without blank ones at its edges
---@field first integer
---@field last integer

local function text_of(line, at, head)
  return at == head and line:gsub("^@%a+:[ \t]*", "") or line
end

---@return flemma.Stretch[]
local function stretches(outline, first, last)
  local lines = api.nvim_buf_get_lines(outline.buf, first - 1, last, true)
  local found, open = {}, nil
  for at = first, last do
    local node = outline.nodes[at]
    if node.kind == "thinking" and node.closed then
      open = nil
    elseif text_of(lines[at - first + 1], at, first):find("%S") then
      if not open then
        open = { first = at, last = at }
        found[#found + 1] = open
      end
      open.last = at
    end
  end
  return found
end

--- The stretch that line `at` is in, else the next one, else the last.
local function choose(found, at)
  for _, stretch in ipairs(found) do
    if at <= stretch.last then
      return stretch
    end
  end
  return found[#found]
end

local function leave_visual()
  if api.nvim_get_mode().mode:find("^[vV\22]") then
    vim.cmd.normal({ vim.keycode("<Esc>"), bang = true })
  end
end

local function select(mode, from, to)
  leave_visual()
  api.nvim_win_set_cursor(0, from)
  vim.cmd.normal({ mode, bang = true })
  api.nvim_win_set_cursor(0, to)
  if mode == "v" and vim.o.selection == "exclusive" then
    vim.cmd.normal({ "l", bang = true })
  end
end

local function message_here()
  local outlines = require("flemma.ui.outline")
  local outline = outlines.of(api.nvim_get_current_buf())
  local at = api.nvim_win_get_cursor(0)[1]
  if not outline then
    return nil
  end
  local message, first, last = outlines.message_at(outline, at)
  return message and outline, first, last, at
end

function M.inside()
  local outline, first, last, at = message_here()
  local stretch = outline and choose(stretches(outline, first, last), at)
  -- Nothing is selected then: an operator gets an empty range, so that `cim` begins to write an empty message.
  if not stretch then
    return
  end
  local lines = api.nvim_buf_get_lines(0, stretch.first - 1, stretch.last, true)
  local marker = stretch.first == first and lines[1]:match("^@%a+:[ \t]*") or ""
  local tail = lines[#lines]:gsub("%s+$", "")
  -- Not into a character of several bytes: onto its first one.
  local column = vim.str_utf_start(tail, #tail) + #tail - 1
  select("v", { stretch.first, #marker }, { stretch.last, column })
end

function M.around()
  local outline, first, last = message_here()
  if not outline then
    return
  end
  select("V", { first, 0 }, { last, 0 })
end

return M
