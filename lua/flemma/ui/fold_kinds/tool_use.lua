--- A tool call: folded once it is answered, open while somebody may still have to look at it.

local M = {}

---@param node flemma.Node
---@param outline flemma.Outline
function M.level(node, outline)
  return node.closed and (outline.answered[node.id] or 0) > 0 and 2 or 1
end

---@param fold flemma.Fold
function M.text(fold)
  local input = fold.preview(function(at, line)
    return at > fold.first and at < fold.last and not line:find("^`+") and line or nil
  end, 72)
  return {
    { "◇ Tool Use: ", "FlemmaToolUse" },
    { fold.node.name, "FlemmaToolName" },
    { " " .. input, "Comment" },
  }
end

return M
