--- Where requests begin: at the last checkpoint, as the outline knows it. What stands above is past and not sent; only
--- System messages and the frontmatter hold wherever they stand.

local scan = require("flemma.ui.scan")

local M = {}

--- The last checkpoint among the lines from `first` to `last` (1-based), 0 where there is none.
---@param outline flemma.Outline
---@param first integer
---@param last integer
---@return integer
function M.find(outline, first, last)
  local states = outline.states
  for at = last, first, -1 do
    if states[at] == scan.CHECKPOINT then
      return at
    end
  end
  return 0
end

--- Lines [first, last) (0-based) became [first, new), and those from `start` + 1 to `read` were read again: find where
--- the border is now. Gives where it would be if nothing but places had changed, or nil if that is where it is.
---@param outline flemma.Outline
---@return integer?
function M.follow(outline, first, last, new, start, read)
  local before = outline.border
  local below = before > last
  local moved = below and before + new - last or before
  if below and moved > read then
    outline.border = moved
    return nil
  end
  local found = M.find(outline, start + 1, read)
  if found == 0 then
    found = before <= start and before or M.find(outline, 1, start)
  end
  outline.border = found
  local gone = before > first and not below and new ~= last
  return (found ~= moved or gone) and moved or nil
end

--- Is line `at` (1-based) kept out of requests?
---@param outline flemma.Outline
---@param at integer
---@return boolean
function M.is_unsent(outline, at)
  if at >= outline.border - 1 then
    return false
  end
  local node = outline.nodes[at]
  local message = node and node.message
  return message ~= nil and message.role ~= "System"
end

--- The first lines (1-based) of what is kept out of requests: one, or more where System messages stand between.
---@param outline flemma.Outline
---@return integer[]
function M.pieces(outline)
  local found, inside = {}, false
  for at = 1, outline.border - 2 do
    local unsent = M.is_unsent(outline, at)
    if unsent and not inside then
      found[#found + 1] = at
    end
    inside = unsent
  end
  return found
end

return M
