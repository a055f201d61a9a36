--- A sign beside each line of a message, where that is wanted (`signs.enabled`).
---
--- Signs cannot be drawn for one redraw only, as tints are. So the lines that a window shows get them a moment after it
--- was drawn, and those that no window shows any more lose them.

local api = vim.api

local M = {}

local ns = api.nvim_create_namespace("flemma.signs")
--- Lines above and below a window that have signs as well, so that scrolling by one shows no gap.
local MARGIN = 20

local ROLES = { System = "system", You = "user", Assistant = "assistant" }
local GROUPS = { system = "FlemmaSignSystem", user = "FlemmaSignUser", assistant = "FlemmaSignAssistant" }

---@class (exact) flemma.Signed what was signed last
---@field tick integer
---@field ranges table<integer, integer[]> first and last row (0-based), by window

---@type table<integer, flemma.Signed>
local signed = {}

---@param buf integer
---@return table<string, string>? character by role of the document, nil where no signs are wanted
local function characters(buf)
  local of = require("flemma.settings").of
  if not of(buf, "signs", "enabled") then
    return nil
  end
  local found = {}
  for role, key in pairs(ROLES) do
    local char = of(buf, "signs", key, "char") or of(buf, "signs", "char")
    -- A sign has two cells at most.
    found[role] = type(char) == "string" and char ~= "" and api.nvim_strwidth(char) <= 2 and char or nil
  end
  return found
end

local function place(buf, first, last, chars)
  local outline = require("flemma.ui.outline").of(buf)
  for row = first, math.min(last, api.nvim_buf_line_count(buf) - 1) do
    local node = outline and outline.nodes[row + 1]
    local role = node and node.message and node.message.role
    if role and chars[role] then
      api.nvim_buf_set_extmark(buf, ns, row, 0, {
        sign_text = chars[role],
        sign_hl_group = GROUPS[ROLES[role]],
        priority = 1,
      })
    end
  end
end

---@param buf integer
local function refresh(buf)
  local state = signed[buf]
  if not state or not api.nvim_buf_is_loaded(buf) then
    return
  end
  api.nvim_buf_clear_namespace(buf, ns, 0, -1)
  local chars = characters(buf)
  for win, range in pairs(chars and state.ranges or {}) do
    if api.nvim_win_is_valid(win) and api.nvim_win_get_buf(win) == buf then
      place(buf, range[1], range[2], chars --[[@as table]])
    else
      state.ranges[win] = nil
    end
  end
end

---@param buf integer
local function refresh_soon(buf)
  vim.schedule(function()
    local ok, problem = pcall(refresh, buf)
    if not ok then
      require("flemma.notify").once("signs failed: " .. tostring(problem), vim.log.levels.WARN)
    end
  end)
end

--- A window is drawn, and shows these rows (0-based) of the chat.
---@param buf integer
---@param win integer
---@param first integer
---@param last integer
function M.seen(buf, win, first, last)
  local state = signed[buf]
  if not state and not require("flemma.settings").of(buf, "signs", "enabled") then
    return
  end
  local tick = api.nvim_buf_get_changedtick(buf)
  state = state or { tick = -1, ranges = {} }
  signed[buf] = state
  local range = state.ranges[win]
  if state.tick == tick and range and range[1] <= first and range[2] >= last then
    return
  end
  state.tick, state.ranges[win] = tick, { math.max(first - MARGIN, 0), last + MARGIN }
  refresh_soon(buf)
end

--- The settings have changed.
function M.anew()
  for buf in pairs(signed) do
    signed[buf].tick = -1
    refresh_soon(buf)
  end
end

---@param buf integer
function M.forget(buf)
  signed[buf] = nil
  if api.nvim_buf_is_valid(buf) then
    api.nvim_buf_clear_namespace(buf, ns, 0, -1)
  end
end

return M
