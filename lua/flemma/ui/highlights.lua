--- The highlight groups of a chat, out of the settings; made again when the colours change.
---
--- Each is only a default: a colour scheme or a user that sets a group of ours is right.

local api = vim.api

local M = {}

--- Group to the setting it comes from.
local SETTINGS = {
  FlemmaSystem = { "highlights", "system" },
  FlemmaUser = { "highlights", "user" },
  FlemmaAssistant = { "highlights", "assistant" },
  FlemmaUserLuaExpression = { "highlights", "lua_expression" },
  FlemmaLuaCodeBlock = { "highlights", "lua_code_block" },
  FlemmaLuaDelimiter = { "highlights", "lua_delimiter" },
  FlemmaUserFileReference = { "highlights", "user_file_reference" },
  FlemmaThinkingTag = { "highlights", "thinking_tag" },
  FlemmaThinkingBlock = { "highlights", "thinking_block" },
  FlemmaToolUse = { "highlights", "tool_use_title" },
  FlemmaToolResult = { "highlights", "tool_result_title" },
  FlemmaToolResultError = { "highlights", "tool_result_error" },
  FlemmaToolResultPending = { "highlights", "tool_result_pending" },
  FlemmaToolResultApproved = { "highlights", "tool_result_approved" },
  FlemmaToolResultRejected = { "highlights", "tool_result_rejected" },
  FlemmaToolResultDenied = { "highlights", "tool_result_denied" },
  FlemmaToolResultAborted = { "highlights", "tool_result_aborted" },
  FlemmaToolName = { "highlights", "tool_name" },
  FlemmaFoldMeta = { "highlights", "fold_meta" },
  FlemmaToolIcon = { "highlights", "tool_icon" },
  FlemmaToolPreview = { "highlights", "tool_preview" },
  FlemmaToolDetail = { "highlights", "tool_detail" },
  FlemmaFoldPreview = { "highlights", "fold_preview" },
  FlemmaBusy = { "highlights", "busy" },
  FlemmaRuler = { "ruler", "hl" },
}

local LINES = {
  FlemmaLineFrontmatter = { "line_highlights", "frontmatter" },
  FlemmaLineSystem = { "line_highlights", "system" },
  FlemmaLineUser = { "line_highlights", "user" },
  FlemmaLineAssistant = { "line_highlights", "assistant" },
  FlemmaLineThinking = { "highlights", "thinking_block" },
}

local ROLES = { FlemmaRoleSystem = "system", FlemmaRoleUser = "user", FlemmaRoleAssistant = "assistant" }

local LINKS = {
  FlemmaFence = "Comment",
  FlemmaToolId = "Comment",
  FlemmaThinkingText = "Comment",
  FlemmaThinkingSignature = "NonText",
  FlemmaAborted = "WarningMsg",
}

--- What we set last, by group: only that may be replaced.
---@type table<string, table>
local ours = {}

local STYLES = {
  bold = true,
  italic = true,
  underline = true,
  undercurl = true,
  underdouble = true,
  underdotted = true,
  underdashed = true,
  strikethrough = true,
  reverse = true,
  standout = true,
  nocombine = true,
}

local function warn(path, problem)
  require("flemma.notify").once(("setting %s: %s"):format(table.concat(path, "."), problem), vim.log.levels.WARN)
end

local function current(name)
  local found = api.nvim_get_hl(0, { name = name, create = false })
  found.default = nil
  return found
end

--- Set a group unless somebody else has.
local function set(name, attributes)
  local before = current(name)
  if next(before) and not vim.deep_equal(before, ours[name]) then
    return
  end
  local definition = require("flemma.ui.colour").with_terminal(attributes)
  -- Where the value is a table of attributes, the user may have misspelled one.
  local ok, problem =
    pcall(api.nvim_set_hl, 0, name, vim.tbl_extend("force", definition, { default = true, force = true }))
  if not ok then
    return warn({ name }, tostring(problem))
  end
  ours[name] = current(name)
end

--- Gives a function that reads a setting as attributes; what is wrong is told once and is nothing.
local function resolver()
  local settings, colour = require("flemma.settings"), require("flemma.ui.colour")
  local background = vim.o.background
  local defaults = settings.get("highlights", "defaults")
  return function(method, path, channel)
    local found, problem = colour[method](settings.get(unpack(path)), background, defaults, channel)
    if problem then
      warn(path, problem)
    end
    return found or {}
  end
end

local function role_style()
  local style = {}
  for name in tostring(require("flemma.settings").get("highlights", "role_style") or ""):gmatch("[^,%s]+") do
    if STYLES[name] then
      style[name] = true
    elseif name ~= "NONE" then
      warn({ "highlights", "role_style" }, name .. " is not an attribute such as bold, italic or underline")
    end
  end
  return style
end

--- A link, save where the target has no colour for terminals: what is meant to be faint would stand out there.
local function linked(target)
  local found = api.nvim_get_hl(0, { name = target, link = false, create = false })
  return (found.fg and not found.ctermfg) and found or { link = target }
end

--- Define all groups.
function M.define()
  local resolve = resolver()
  for name, path in pairs(SETTINGS) do
    set(name, resolve("resolve", path, "fg"))
  end
  for name, path in pairs(LINES) do
    -- A tint is a background and nothing else: the text on it keeps its colours.
    local found = resolve("attributes", path, "bg")
    set(name, { bg = found.bg, ctermbg = found.ctermbg })
  end
  local style = role_style()
  for name, role in pairs(ROLES) do
    local found = resolve("attributes", { "highlights", role }, "fg")
    local attributes = vim.tbl_extend("force", { fg = found.fg, ctermfg = found.ctermfg }, style)
    attributes.cterm = next(style) and style or nil
    set(name, attributes)
  end
  for name, target in pairs(LINKS) do
    set(name, linked(target))
  end
end

return M
