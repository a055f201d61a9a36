--- Markup that is hidden while it is read ('conceallevel'), in windows of chats and in no other.

local M = {}

--- What is taken where the user switches it on and the setting says off.
local LEVEL, CURSOR = 2, "nv"

---@param buf integer
---@return integer? level nil: the user's own is left alone
---@return string cursor modes in which the line of the cursor is concealed, too
function M.wanted(buf)
  local value = require("flemma.settings").of(buf, "editing", "conceal")
  if type(value) == "number" and value % 1 == 0 and value >= 0 and value <= 3 then
    return value, ""
  elseif type(value) ~= "string" then
    return nil, ""
  end
  local level, cursor = value:match("^([0-3])([nvic]*)$")
  return tonumber(level), cursor or ""
end

local function set(win, level, cursor)
  vim.api.nvim_set_option_value("conceallevel", level, { scope = "local", win = win })
  vim.api.nvim_set_option_value("concealcursor", cursor, { scope = "local", win = win })
end

--- Set a window up that shows the chat.
---@param win integer
---@param buf integer
function M.dress(win, buf)
  local level, cursor = M.wanted(buf)
  if level then
    set(win, level, cursor)
  end
end

--- Show markup in the current window, or hide it.
function M.toggle()
  local win, buf = vim.api.nvim_get_current_win(), vim.api.nvim_get_current_buf()
  if vim.wo[win].conceallevel > 0 then
    set(win, 0, "")
    return
  end
  local level, cursor = M.wanted(buf)
  if not level or level == 0 then
    level, cursor = LEVEL, CURSOR
  end
  set(win, level, cursor)
end

return M
