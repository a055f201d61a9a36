--- The window of one popup: how much room its chat has, how it is framed, what stands in it.

local api = vim.api

local M = {}

local ns = api.nvim_create_namespace("flemma.popup")

--- Rows, and columns, that a border takes.
local FRAME = 2

--- Kinds of value that a setting may have beside that of its default.
local ALSO = { border = "table", title = "boolean" }

--- A setting; the host tells of a wrong one, here the default takes its place.
---@param name string
---@return any
function M.setting(name)
  local settings = require("flemma.settings")
  local value, default = settings.get("ui", "usage", name), settings.defaults.ui.usage[name]
  local fits = type(value) == type(default) or type(value) == ALSO[name]
  if not fits or (type(value) == "number" and value < 0) then
    return default
  end
  return value
end

--- The border: the user's; where that is the default one, Neovim's own 'winborder' if it is set.
---@return string|string[]
local function border()
  local chosen = M.setting("border")
  local own = vim.o.winborder
  if chosen ~= require("flemma.settings").defaults.ui.usage.border or own == "" then
    return chosen
  end
  return own:find(",", 1, true) and vim.split(own, ",", { plain = true }) or own
end

--- A scratch buffer with the content, padded at both sides.
---@param content flemma.Popup.Content
---@return integer
local function scratch(content)
  local pad = (" "):rep(M.setting("padding"))
  local buf = api.nvim_create_buf(false, true)
  vim.bo[buf].bufhidden = "wipe"
  api.nvim_buf_set_lines(
    buf,
    0,
    -1,
    true,
    vim.tbl_map(function(line)
      return pad .. line .. pad
    end, content.lines)
  )
  for _, mark in ipairs(content.marks) do
    api.nvim_buf_set_extmark(buf, ns, mark.row, mark.from + #pad, {
      end_col = mark.to + #pad,
      hl_group = mark.hl,
      conceal = mark.conceal,
    })
  end
  vim.bo[buf].modifiable = false
  return buf
end

--- Where popups of a window may stand.
---@return { columns: integer, rows: integer, frame: integer, border: string|string[] }
---@param win integer
function M.room(win)
  local frame = border()
  local thickness = frame == "none" and 0 or FRAME
  return {
    columns = api.nvim_win_get_width(win) - thickness,
    -- Rows are counted below the winbar, which the window's height includes.
    rows = api.nvim_win_get_height(win) - vim.fn.getwininfo(win)[1].winbar,
    frame = thickness,
    border = frame,
  }
end

--- The title's group, on the ground of the window also where the colour scheme gives it none.
function M.colour()
  local title = api.nvim_get_hl(0, { name = "FloatTitle", link = false })
  if not title.bg and not title.reverse then
    title.bg = api.nvim_get_hl(0, { name = "NormalFloat", link = false }).bg
  end
  api.nvim_set_hl(0, "FlemmaPopupTitle", title --[[@as vim.api.keyset.highlight]])
end

---@param text string
---@return [string, string][]
function M.title(text)
  M.colour()
  return { { " " .. text .. " ", "FlemmaPopupTitle" } }
end

local function style(win)
  local options = {
    wrap = false,
    conceallevel = 2,
    concealcursor = "nvic",
    winhighlight = "Normal:NormalFloat",
    foldenable = false,
    winblend = 0,
  }
  for name, value in pairs(options) do
    api.nvim_set_option_value(name, value, { win = win, scope = "local" })
  end
end

--- Open the window of a popup there, or move it.
---@param popup flemma.Popup
---@param place table
function M.put(popup, place)
  if popup.win and api.nvim_win_is_valid(popup.win) then
    if not vim.deep_equal(popup.place, place) then
      api.nvim_win_set_config(popup.win, place)
    end
  else
    local opened = vim.tbl_extend("error", place, { noautocmd = true })
    local buf = scratch(popup.content)
    local ok, win = pcall(api.nvim_open_win, buf, false, opened)
    if not ok and tostring(win):find("border", 1, true) then
      opened.border = require("flemma.settings").defaults.ui.usage.border
      ok, win = pcall(api.nvim_open_win, buf, false, opened)
    end
    if not ok then
      api.nvim_buf_delete(buf, { force = true })
      error(win, 0)
    end
    popup.win = win
    style(win)
  end
  popup.place, popup.parent = place, place.win
end

return M
