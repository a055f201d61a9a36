--- A tool call: folded once it is answered, open while somebody may still have to look at it.

local M = {}

---@param node flemma.Node
---@param outline flemma.Outline
---@return integer
function M.level(node, outline)
  return node.closed and (outline.answered[node.id] or 0) > 0 and 2 or 1
end

---@param fold flemma.Fold
---@return fun(at: integer, line: string): string?
local function body(fold)
  return function(at, line)
    return at > fold.first and at < fold.last and not line:find("^`+") and line or nil
  end
end

---@param fold flemma.Fold
local function input(fold)
  local lines, inside = {}, body(fold)
  for at = fold.first, fold.last do
    lines[#lines + 1] = inside(at, fold.line(at))
  end
  return table.concat(lines, "\n")
end

---@param fold flemma.Fold
---@return [string, string][]
function M.text(fold)
  local label, detail = require("flemma.ui.call_detail").describe(fold.node.name, input(fold))
  local words = detail and fold.shorten((label and label .. " — " or "") .. detail, 72)
    or fold.preview(body(fold), 72)
  return {
    { "◇ ", "FlemmaToolIcon" },
    { "Tool Use: ", "FlemmaToolUse" },
    { fold.node.name, "FlemmaToolName" },
    { " " .. words, "FlemmaToolDetail" },
  }
end

return M
