--- Small windows that say something about a chat and go by themselves: a stack for each chat, in a corner of its window
--- (`ui.usage.position`), never with the focus. For a chat that no window of this tab page shows they wait until one
--- does.

local api = vim.api

local window = require("flemma.ui.popup.window")
local setting = window.setting

local M = {}

---@class (exact) flemma.Popup.Content
---@field lines string[]
---@field marks { row: integer, from: integer, to: integer, hl: string?, conceal: string? }[] 0-based bytes
---@field width integer columns of the widest line as it is shown

---@class (exact) flemma.Popup
---@field content flemma.Popup.Content
---@field win integer?
---@field parent integer? the window it stands in
---@field place table? where it stands
---@field counting boolean the time until it goes has begun
---@field about any what it tells of: the next one about the same takes its place

---@type table<integer, flemma.Popup[]> oldest first
local stacks = {}

---@type table<integer, flemma.Popup.Content> what was shown last, by buffer
local last = {}

local LEAST_COLUMNS, LEAST_ROWS = 12, 3
local FADE_STEPS, FADE_MS = 5, 60
local RETRY_MS, MOST_REFUSALS = 250, 240

--- How often in a row no window could be opened.
local refusals = 0

--- The window of this tab page that shows the buffer: the current one if it does.
local function window_of(buf)
  local current = api.nvim_get_current_win()
  if api.nvim_win_get_buf(current) == buf then
    return current
  end
  for _, win in ipairs(api.nvim_tabpage_list_wins(0)) do
    if api.nvim_win_get_buf(win) == buf and api.nvim_win_get_config(win).relative == "" then
      return win
    end
  end
end

---@param popup flemma.Popup
local function hide(popup)
  local win = popup.win
  popup.win, popup.parent, popup.place = nil, nil, nil
  if win and api.nvim_win_is_valid(win) then
    pcall(api.nvim_win_close, win, true)
  end
end

---@param buf integer
---@param popup flemma.Popup
local function remove(buf, popup)
  hide(popup)
  stacks[buf] = vim.tbl_filter(function(other)
    return other ~= popup
  end, stacks[buf] or {})
  if #stacks[buf] == 0 then
    stacks[buf] = nil
  end
end

---@param popup flemma.Popup
---@return integer
local function rows_of(popup, space)
  return math.min(#popup.content.lines, space.rows - space.frame)
end

--- How many of the newest popups fit one below the other; one is always there, cut if need be.
local function fitting(stack, space)
  local used, count = 0, 0
  for index = #stack, 1, -1 do
    used = used + rows_of(stack[index], space) + space.frame
    if count > 0 and used > space.rows then
      break
    end
    count = count + 1
  end
  return count
end

--- Let a popup go: it fades where the colours can, then its neighbours move up.
---@param buf integer
---@param popup flemma.Popup
---@param step integer
local function fade(buf, popup, step)
  local win = popup.win
  if not win or not api.nvim_win_is_valid(win) or not vim.o.termguicolors or step > FADE_STEPS then
    remove(buf, popup)
    M.refresh(buf)
    return
  end
  api.nvim_set_option_value("winblend", math.floor(100 * step / (FADE_STEPS + 1)), { win = win, scope = "local" })
  vim.defer_fn(function()
    pcall(fade, buf, popup, step + 1)
  end, FADE_MS)
end

---@param buf integer
---@param popup flemma.Popup
local function count_down(buf, popup)
  local timeout = setting("timeout")
  if popup.counting or timeout == 0 then
    return
  end
  popup.counting = true
  vim.defer_fn(function()
    pcall(fade, buf, popup, 1)
  end, timeout)
end

--- Show the stack of a buffer as its window stands now. Raises what `nvim_open_win` does where no window may be opened.
local function arrange(buf)
  local stack = stacks[buf] or {}
  local win = window_of(buf)
  local space = win and window.room(win)
  if not space or space.columns < LEAST_COLUMNS or space.rows - space.frame < LEAST_ROWS then
    vim.tbl_map(hide, stack)
    return
  end
  for _ = 1, #stack - fitting(stack, space) do
    remove(buf, stack[1])
    stack = stacks[buf]
  end
  local position = require("flemma.settings").of(buf, "ui", "usage", "position")
  local bottom, left = tostring(position):find("^bottom") ~= nil, tostring(position):find("left$") ~= nil
  local row = 0
  for _, popup in ipairs(stack) do
    local width = math.min(popup.content.width + 2 * setting("padding"), setting("max_width"), space.columns)
    local place = {
      relative = "win",
      win = win,
      anchor = (bottom and "S" or "N") .. (left and "W" or "E"),
      row = bottom and space.rows - row or row,
      col = left and 0 or api.nvim_win_get_width(win),
      width = math.max(width, 1),
      height = rows_of(popup, space),
      style = "minimal",
      border = space.border,
      focusable = false,
      zindex = 45,
    }
    local title = setting("title")
    if title and title ~= "" and space.frame > 0 then
      place.title, place.title_pos = window.title(title), "left"
    end
    window.put(popup, place)
    count_down(buf, popup)
    row = row + place.height + space.frame
  end
end

--- Put the stack of a buffer where it belongs, or hide it. While Neovim lets no window open it stays queued.
---@param buf integer
function M.refresh(buf)
  if not stacks[buf] then
    return
  end
  local ok, problem = pcall(arrange, buf)
  refusals = ok and 0 or refusals + 1
  if refusals == MOST_REFUSALS then
    stacks[buf], refusals = nil, 0
    require("flemma.notify").once("the report could not be shown: " .. tostring(problem), vim.log.levels.WARN)
  elseif not ok then
    vim.defer_fn(function()
      M.refresh(buf)
    end, RETRY_MS)
  end
end

local due = false

local function refresh_soon()
  if due or not next(stacks) then
    return
  end
  due = true
  vim.schedule(function()
    due = false
    for _, buf in ipairs(vim.tbl_keys(stacks)) do
      M.refresh(buf)
    end
  end)
end

--- A popup that the user closed (`:only`, `:fclose`) does not come again.
local function closed(win)
  for buf, stack in pairs(stacks) do
    for _, popup in ipairs(stack) do
      if popup.win == win and popup.parent and api.nvim_win_is_valid(popup.parent) then
        popup.win = nil
        remove(buf, popup)
        return
      end
    end
  end
end

--- Show something over a chat, now or when a window shows that chat, and keep it for `recall`.
---@param buf integer
---@param content flemma.Popup.Content
---@param about? any takes the place of one that is about the same
function M.show(buf, content, about)
  if not api.nvim_buf_is_valid(buf) then
    return
  end
  last[buf] = content
  if setting("timeout") == 0 then
    vim.tbl_map(hide, stacks[buf] or {})
    stacks[buf] = nil
  end
  local stack = stacks[buf] or {}
  stacks[buf] = stack
  local place = #stack + 1
  for index, popup in ipairs(stack) do
    if about ~= nil and popup.about == about then
      hide(popup)
      place = index
    end
  end
  stack[place] = { content = content, counting = false, about = about }
  refresh_soon()
end

--- Is one of them on the screen, or about to be?
---@param buf integer
---@return boolean
function M.is_visible(buf)
  return stacks[buf] ~= nil
end

--- Show the last one again, unless one is there. False where there was none.
---@param buf integer
---@return boolean
function M.recall(buf)
  if not stacks[buf] and last[buf] then
    M.show(buf, last[buf])
  end
  return last[buf] ~= nil
end

local group = api.nvim_create_augroup("FlemmaPopup", {})

api.nvim_create_autocmd(
  { "BufWinEnter", "BufEnter", "WinEnter", "TabEnter", "WinResized", "VimResized", "CmdwinLeave" },
  { group = group, callback = refresh_soon }
)

api.nvim_create_autocmd("ColorScheme", { group = group, callback = window.colour })
api.nvim_create_autocmd("OptionSet", { group = group, pattern = "background", callback = window.colour })

api.nvim_create_autocmd("WinClosed", {
  group = group,
  callback = function(event)
    if next(stacks) then
      closed(tonumber(event.match))
      refresh_soon()
    end
  end,
})

api.nvim_create_autocmd("BufWipeout", {
  group = group,
  callback = function(event)
    vim.tbl_map(hide, stacks[event.buf] or {})
    stacks[event.buf], last[event.buf] = nil, nil
  end,
})

return M
