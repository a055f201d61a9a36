--- Which lines of a buffer somebody can see whole, at this moment, in the window that has the cursor.

local api, fn = vim.api, vim.fn

local M = {}

--- Can the last character of a line be seen? One that a window cuts off, below or at its side, cannot.
---@param win integer
---@param line integer 1-based
---@return boolean
local function ends_in_sight(win, line)
  local place = fn.screenpos(win, line, math.max(1, fn.col({ line, "$" }) - 1))
  return place.row > 0 and place.col > 0
end

--- The lines from one to another that are wholly in sight, as ranges; 0-based, the end not with them. None where the
--- buffer is in another window: what nobody looks at is not seen.
---@param buf integer
---@return integer[][]
function M.ranges(buf)
  local win = api.nvim_get_current_win()
  if api.nvim_win_get_buf(win) ~= buf then
    return {}
  end
  local wraps = vim.wo[win].wrap
  local view = fn.winsaveview()
  local last = fn.line("w$")
  local found = {}
  local line = fn.line("w0")
  while line <= last do
    local closed = fn.foldclosedend(line)
    if closed ~= -1 then
      line = closed + 1
    else
      -- Of lines that wrap only the first and the last can be cut.
      local edge = line == last or not wraps
      local cut = (line == view.topline and view.skipcol > 0) or (not wraps and view.leftcol > 0)
      if not cut and (not edge or ends_in_sight(win, line)) then
        local range = found[#found]
        if range and range[2] == line - 1 then
          range[2] = line
        else
          found[#found + 1] = { line - 1, line }
        end
      end
      line = line + 1
    end
  end
  return found
end

return M
