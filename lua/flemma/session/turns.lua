--- The turns of a chat as scripts see them: what its user said, from Lua's own scan of the lines.

local M = {}

---@class (exact) flemma.session.Turn
---@field block_idx integer counts turns from 1; `rewind_to` takes it
---@field history_idx integer the same, under its later name
---@field label string the first line of what was said
---@field line integer 1-based: where it begins

--- Every turn of a chat, in order. A prompt that says nothing yet is none.
---@param buf integer
---@return flemma.session.Turn[]
function M.turns(buf)
  local outlines = require("flemma.ui.outline")
  if not outlines.of(buf) then
    outlines.attach(buf)
  end
  return vim.tbl_map(function(turn)
    return { block_idx = turn.number, history_idx = turn.number, label = turn.label, line = turn.line }
  end, require("flemma.operations.turns").of(buf))
end

return M
