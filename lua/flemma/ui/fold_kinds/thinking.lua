--- A thinking block: `<thinking> PREVIEW </thinking> (N lines)`. Open until it is closed, so that it can be watched.

local M = {}

---@param node flemma.Node
---@return integer
function M.level(node)
  return node.closed and not node.single and 2 or 1
end

---@param fold flemma.Fold
---@return [string, string][]
function M.text(fold)
  local tag = fold.line(fold.first)
  if tag:find("<thinking redacted>", 1, true) then
    return { { "<thinking redacted>", "FlemmaThinkingTag" } }
  end
  local body = fold.preview(function(at, line)
    return at > fold.first and at < fold.last and line or nil
  end, 72)
  return {
    { "<thinking>", "FlemmaThinkingTag" },
    { " " .. body .. (body ~= "" and " " or ""), "FlemmaThinkingText" },
    { "</thinking>", "FlemmaThinkingTag" },
  }
end

return M
