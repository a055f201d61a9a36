--- Keys that open, close and uncover: the fold at the cursor, and markup that is hidden.

local api, fn = vim.api, vim.fn

local M = {}

--- Milliseconds within which a second press of one key is meant with the first.
M.DOUBLE = 300

---@type { win: integer, at: number, cursor: integer[], opened: boolean, line: integer }?
local pressed

---@param outline flemma.Outline?
---@param line integer
---@return integer? first
---@return integer? last
local function around(outline, line)
  if not outline then
    return nil
  end
  local message, first, last = require("flemma.ui.outline").message_at(outline, line)
  if message then
    return first, last
  end
  -- Above the first message there is a frontmatter to be folded, or nothing.
  if outline.nodes[1] and outline.nodes[1].kind == "frontmatter" then
    local at = 1
    while outline.nodes[at + 1] == outline.nodes[1] do
      at = at + 1
    end
    return 1, at
  end
end

local function quietly(command, first, last, bang)
  vim.cmd[command]({ range = { first, last }, bang = bang, mods = { emsg_silent = true } })
end

--- Open the closed fold at the cursor; where none is, close the message, or the frontmatter, with all that is in it.
function M.fold()
  local line = fn.line(".")
  local closed = fn.foldclosed(line)
  local first, last = around(require("flemma.ui.outline").of(api.nvim_get_current_buf()), line)
  pressed = {
    win = api.nvim_get_current_win(),
    at = vim.uv.now(),
    cursor = api.nvim_win_get_cursor(0),
    opened = closed ~= -1,
    line = line,
  }
  if closed ~= -1 then
    quietly("foldopen", line, line, false)
  elseif first and last then
    quietly("foldclose", first, last, true)
  end
end

--- Show markup in this window, or hide it.
function M.conceal()
  require("flemma.ui.conceal").toggle()
end

--- One key for both: pressed once it is for the fold, twice for markup. Nobody waits to see whether a second press
--- comes: it takes the first one back.
function M.fold_or_conceal()
  local last = pressed
  local double = last
    and last.win == api.nvim_get_current_win()
    and vim.uv.now() - last.at < M.DOUBLE
    and vim.deep_equal(last.cursor, api.nvim_win_get_cursor(0))
  if not double or not last then
    return M.fold()
  end
  pressed = nil
  quietly(last.opened and "foldclose" or "foldopen", last.line, last.line, false)
  M.conceal()
end

return M
