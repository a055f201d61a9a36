--- The frontmatter: its fence, language and first lines.

local M = {}

---@param node flemma.Node
---@return integer
function M.level(node)
  return node.closed and 3 or 0
end

---@param fold flemma.Fold
---@return [string, string][]
function M.text(fold)
  local body = fold.preview(function(at, line)
    return at > fold.first and at < fold.last and line or nil
  end, 72)
  return {
    { vim.trim(fold.line(fold.first)), "FlemmaFence" },
    { " " .. body .. (body ~= "" and " " or ""), "FlemmaFoldPreview" },
    { "```", "FlemmaFence" },
  }
end

return M
