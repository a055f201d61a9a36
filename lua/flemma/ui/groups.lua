--- Every highlight group of ours: the setting that it comes from or the group that it is linked to, and where it shows.
---
--- The table in the help is made of this one.

local M = {}

---@class (exact) flemma.Group
---@field name string
---@field about string
---@field setting string[]? where its value stands
---@field link string? what it is linked to where no setting says
---@field kind "text"|"line"|"role"|"sign" text: the value as it is; line: its background alone; role: its colour and
---`role_style`; sign: the value, or the colour of the role
---@field role string? of a role or sign: `system`, `user` or `assistant`

---@type flemma.Group[]
M.list = {}

local function add(kind, name, about, setting, link)
  table.insert(M.list, { kind = kind, name = name, about = about, setting = setting, link = link })
end

local function text(name, key, about)
  add("text", name, about, { "highlights", key })
end

local function linked(name, link, about)
  add("text", name, about, nil, link)
end

for name, key in pairs({ System = "system", User = "user", Assistant = "assistant" }) do
  local of = ("of %s messages"):format(key == "user" and "your" or key)
  text("Flemma" .. name, key, "text " .. of)
  add("line", "FlemmaLine" .. name, "lines " .. of, { "line_highlights", key })
  add("role", "FlemmaRole" .. name, "role markers " .. of, { "highlights", key })
  add("sign", "FlemmaSign" .. name, "signs " .. of, { "signs", key, "hl" })
  M.list[#M.list - 1].role, M.list[#M.list].role = key, key
end
add("line", "FlemmaLineFrontmatter", "lines of the frontmatter", { "line_highlights", "frontmatter" })
add("line", "FlemmaLineThinking", "lines of thinking", { "highlights", "thinking_block" })
add("text", "FlemmaRuler", "the line behind a role marker", { "ruler", "hl" })
text("FlemmaUserLuaExpression", "lua_expression", "what stands in {{ }}")
text("FlemmaLuaCodeBlock", "lua_code_block", "what stands in {% %}")
text("FlemmaLuaDelimiter", "lua_delimiter", "the braces of both")
text("FlemmaUserFileReference", "user_file_reference", "@./file")
text("FlemmaThinkingTag", "thinking_tag", "<thinking> and </thinking>")
text("FlemmaThinkingBlock", "thinking_block", "text of thinking")
text("FlemmaToolUse", "tool_use_title", "the title of a tool call")
text("FlemmaToolResult", "tool_result_title", "the title of a result")
text("FlemmaToolResultError", "tool_result_error", "(error) behind it")
text("FlemmaToolResultPending", "tool_result_pending", "(pending) behind it")
text("FlemmaToolResultApproved", "tool_result_approved", "(approved) behind it")
text("FlemmaToolResultRejected", "tool_result_rejected", "(rejected) behind it")
text("FlemmaToolResultDenied", "tool_result_denied", "(denied) behind it")
text("FlemmaToolResultAborted", "tool_result_aborted", "(aborted) behind it")
text("FlemmaToolIcon", "tool_icon", "the sign of a tool in a fold's text")
text("FlemmaToolName", "tool_name", "a tool's name")
text("FlemmaToolPreview", "tool_preview", "what a call would do, below a result that waits")
text("FlemmaToolDetail", "tool_detail", "a call's arguments in a fold's text")
text("FlemmaFoldPreview", "fold_preview", "the words of a fold's text")
text("FlemmaFoldMeta", "fold_meta", "the number of lines in a fold's text")
text("FlemmaBusy", "busy", "the sign of a chat or a call that is at work")
linked("FlemmaFence", "Comment", "fences of code blocks")
linked("FlemmaToolId", "Comment", "the id of a call")
linked("FlemmaThinkingText", "Comment", "thinking in a fold's text")
linked("FlemmaThinkingSignature", "NonText", "a vendor's signature on thinking")
linked("FlemmaAborted", "WarningMsg", "the mark of a reply that was cut")
add("text", "FlemmaTurn", "the line that joins the messages of a turn", { "turns", "hl" }, "FlemmaRuler")
linked("FlemmaCheckpoint", "Special", "the mark of a checkpoint, and the fold above it")
linked("FlemmaUnsent", "Comment", "what stands above a checkpoint and is not sent")
linked("FlemmaProgress", "Comment", "progress of a reply, beside its text")
linked("FlemmaProgressName", "FlemmaToolName", "the tool whose call is written or runs")
linked("FlemmaProgressSoon", "DiagnosticWarn", "less than a fifth of the time is left")
linked("FlemmaProgressLate", "DiagnosticError", "less than a tenth of it")
linked("FlemmaUsageHeading", "Title", "headings of the usage report")
linked("FlemmaUsageLabel", "Comment", "its labels")
linked("FlemmaUsageModel", "Identifier", "the model in it")
linked("FlemmaUsageCost", "Number", "money in it")
linked("FlemmaPreviewAdd", "Added", "lines that a call would add")
linked("FlemmaPreviewRemove", "Removed", "lines that it would take away")
linked("FlemmaPreviewHunk", "Title", "where they stand")
linked("FlemmaPreviewCommand", "Statement", "the command that it would run")
linked("FlemmaPageSection", "Statement", "sections of a page such as :Flemma status")
linked("FlemmaPageLabel", "Identifier", "labels on it")

table.sort(M.list, function(one, other)
  return one.name < other.name
end)

--- For the table in the help.
---@return { name: string, about: string, from: string }[]
function M.described()
  return vim.tbl_map(function(group)
    local from = group.setting and table.concat(group.setting, ".") or group.link
    if group.kind == "role" then
      from = from .. " with role_style"
    end
    return { name = group.name, about = group.about, from = from }
  end, M.list)
end

return M
