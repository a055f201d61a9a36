--- A message: `@Role: PREVIEW (N lines)`, its prose without what it thought. Or all that stands above a checkpoint.

local M = {}

function M.level()
  return 1
end

local function prose(fold)
  local nodes, message = fold.outline.nodes, fold.node
  return function(at, line)
    local node = nodes[at]
    if node == message then
      return at == fold.first and line:gsub("^@%a+:%s*", "") or line
    elseif node.kind == "tool_use" and nodes[at - 1] ~= node then
      return "◇ " .. node.name
    elseif node.kind == "tool_result" and nodes[at - 1] ~= node then
      return "◆ " .. node.id .. (node.status and (" (" .. node.status .. ")") or "")
    end
  end
end

local GROUPS = { System = "FlemmaRoleSystem", You = "FlemmaRoleUser", Assistant = "FlemmaRoleAssistant" }

---@param fold flemma.Fold
function M.text(fold)
  local role = fold.node.role
  if require("flemma.ui.border").is_unsent(fold.outline, fold.first) then
    return { { "Not sent, summed up below: ", "FlemmaCheckpoint" }, { fold.preview(prose(fold), 50), "FlemmaUnsent" } }
  end
  return { { "@" .. role .. ":", GROUPS[role] }, { " " .. fold.preview(prose(fold), 50), "FlemmaFoldPreview" } }
end

return M
