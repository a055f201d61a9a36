--- A tool's result: folded once it is there, open while it waits.

local M = {}

local GROUPS = {
  pending = "FlemmaToolResultPending",
  approved = "FlemmaToolResultApproved",
  rejected = "FlemmaToolResultRejected",
  denied = "FlemmaToolResultDenied",
  aborted = "FlemmaToolResultAborted",
  error = "FlemmaToolResultError",
}

---@param node flemma.Node
---@return integer
function M.level(node)
  return node.closed and not node.waiting and 2 or 1
end

local function tool_name(fold)
  for at = fold.first, 1, -1 do
    local node = fold.outline.nodes[at]
    if node.kind == "tool_use" and node.id == fold.node.id then
      return node.name
    end
  end
  return "result"
end

---@param fold flemma.Fold
---@return [string, string][]
function M.text(fold)
  local status = fold.node.status
  local content = fold.preview(function(at, line)
    return at > fold.first and at < fold.last and not line:find("^`+") and line or nil
  end, 72)
  return {
    { "◆ ", "FlemmaToolIcon" },
    { "Tool Result: ", "FlemmaToolResult" },
    { tool_name(fold), "FlemmaToolName" },
    { status and (" (" .. status .. ")") or "", GROUPS[status] or "FlemmaToolId" },
    { " " .. content, "FlemmaFoldPreview" },
  }
end

return M
