--- Tints and rulers, drawn for the lines that are on the screen while they are drawn, and kept nowhere.
---
--- Ephemeral marks need no bookkeeping: an edit moves the outline, and the next redraw asks it.

local api = vim.api

local M = {}

local ns = api.nvim_create_namespace("flemma.decoration")
local TINT, THINKING, UNSENT = 50, 100, 200

---@class (exact) flemma.Look what is the same for all lines of one redraw
---@field tints boolean
---@field ruler string? as wide as the window
---@field cursor integer? row that 'cursorline' shows, which a tint would cover

---@type flemma.Look?
local look
local outline_of, is_unsent
local installed = false

local TINTS = { System = "FlemmaLineSystem", You = "FlemmaLineUser", Assistant = "FlemmaLineAssistant" }

local rulers = {}

--- A line of the character, cut to whole ones.
local function ruler(char, width)
  local key = char .. width
  if not rulers[key] then
    local cells = math.max(api.nvim_strwidth(char), 1)
    rulers[key] = char:rep(math.floor(width / cells))
  end
  return rulers[key]
end

local function prepare(win, buf)
  local of = require("flemma.settings").of
  local char = of(buf, "ruler", "char")
  local drawn = of(buf, "ruler", "enabled") and type(char) == "string" and char ~= ""
  return {
    tints = of(buf, "line_highlights", "enabled") ~= false,
    ruler = drawn and ruler(char, api.nvim_win_get_width(win)) or nil,
    cursor = vim.wo[win].cursorline and api.nvim_win_get_cursor(win)[1] - 1 or nil,
  }
end

local function tint(buf, row, group, priority)
  api.nvim_buf_set_extmark(buf, ns, row, 0, {
    ephemeral = true,
    end_row = row + 1,
    end_col = 0,
    hl_group = group,
    hl_eol = true,
    priority = priority,
  })
end

--- A thinking block that is still being written looks like one; one that the next message cut off is text.
local function is_thinking(outline, node)
  return node.kind == "thinking" and (node.closed or outline.nodes[#outline.nodes] == node)
end

local function draw(outline, buf, row)
  local nodes = outline.nodes
  local node = nodes[row + 1]
  if not node or not look then
    return
  end
  local message, above = node.message, nodes[row]
  if look.tints and row ~= look.cursor then
    if message then
      tint(buf, row, TINTS[message.role], TINT)
    elseif node.kind == "frontmatter" then
      tint(buf, row, "FlemmaLineFrontmatter", TINT)
    end
    if is_thinking(outline, node) then
      tint(buf, row, "FlemmaLineThinking", THINKING)
    end
  end
  if is_unsent(outline, row + 1) then
    tint(buf, row, "FlemmaUnsent", UNSENT)
  elseif row + 1 == outline.border then
    tint(buf, row, "FlemmaCheckpoint", UNSENT)
  end
  if look.ruler and message and message ~= (above and above.message) then
    api.nvim_buf_set_extmark(buf, ns, row, 0, {
      ephemeral = true,
      virt_text = { { look.ruler, "FlemmaRuler" } },
      virt_text_pos = "eol",
      hl_mode = "combine",
      -- Behind everything else that stands at the end of the line, as the spinner.
      priority = 60000,
    })
  end
end

local function guarded(action)
  return function(...)
    local ok, answer = pcall(action, ...)
    if ok then
      return answer
    end
    look = nil
    local problem = tostring(answer)
    vim.schedule(function()
      require("flemma.notify").once("tints and rulers failed: " .. problem)
    end)
    return false
  end
end

--- Draw in all windows that show a chat, from now on.
function M.install()
  if installed then
    return
  end
  installed = true
  outline_of = require("flemma.ui.outline").of
  is_unsent = require("flemma.ui.border").is_unsent
  api.nvim_set_decoration_provider(ns, {
    on_win = guarded(function(_, win, buf, first, last)
      if not outline_of(buf) then
        return false
      end
      look = prepare(win, buf)
      require("flemma.ui.signs").seen(buf, win, first, last)
      return true
    end),
    on_line = guarded(function(_, _, buf, row)
      draw(outline_of(buf), buf, row)
    end),
  })
end

return M
