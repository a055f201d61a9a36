--- One line of text over a window, at its edge: progress while its own line is out of sight, and the short report of
--- usage. It never has the focus.

local api = vim.api

local M = {}

local ns = api.nvim_create_namespace("flemma.bar")

---@class (exact) flemma.Bar
---@field win integer its own window
---@field buf integer
---@field place table

---@type table<string, table<integer, flemma.Bar>> by name and the window that it stands over
local bars = {}

---@param chunks [string, string?][]
---@return string
local function joined(chunks)
  return table.concat(vim.tbl_map(function(chunk)
    return chunk[1]
  end, chunks))
end

--- The first of these groups that has attributes.
---@param groups string names with commas between
---@return string
local function first_group(groups)
  for name in groups:gmatch("[^,%s]+") do
    if next(api.nvim_get_hl(0, { name = name, create = false })) then
      return name
    end
  end
  return "StatusLine"
end

--- Has this window a line below its text that a bar may cover?
local function has_status(win)
  local status = vim.o.laststatus
  if status == 1 then
    return vim.fn.winnr("$") > 1
  end
  return status ~= 0 and api.nvim_win_get_config(win).relative == ""
end

--- Where a bar of such a width stands. At the bottom it covers the status line, where there is one, and no text.
---@param win integer
---@param position string
---@param width integer
---@return table?
local function place_of(win, position, width)
  local room = vim.fn.getwininfo(win)[1]
  local rows, columns = room.height, room.width
  if rows < 2 or columns < 10 then
    return nil
  end
  local vertical, side = position:match("^(%a+) ?(%a*)$")
  width = side == "" and columns or math.min(width, columns)
  local bottom = rows - 1 + (has_status(win) and 1 or 0)
  return {
    relative = "win",
    win = win,
    anchor = "NW",
    row = vertical == "top" and 0 or bottom,
    col = side == "right" and columns - width or 0,
    width = width,
    height = 1,
    style = "minimal",
    border = "none",
    focusable = false,
    zindex = 46,
  }
end

---@param bar flemma.Bar
local function close(bar)
  if api.nvim_win_is_valid(bar.win) then
    pcall(api.nvim_win_close, bar.win, true)
  end
end

local function write(buf, chunks)
  vim.bo[buf].modifiable = true
  api.nvim_buf_set_lines(buf, 0, -1, false, { joined(chunks) })
  api.nvim_buf_clear_namespace(buf, ns, 0, -1)
  local column = 0
  for _, chunk in ipairs(chunks) do
    if chunk[2] then
      api.nvim_buf_set_extmark(buf, ns, 0, column, { end_col = column + #chunk[1], hl_group = chunk[2] })
    end
    column = column + #chunk[1]
  end
  vim.bo[buf].modifiable = false
end

---@param place table
---@param groups string
---@return flemma.Bar
local function open(place, groups)
  local buf = api.nvim_create_buf(false, true)
  vim.bo[buf].bufhidden = "wipe"
  local ok, win = pcall(api.nvim_open_win, buf, false, vim.tbl_extend("error", place, { noautocmd = true }))
  if not ok then
    api.nvim_buf_delete(buf, { force = true })
    error(win, 0)
  end
  local look = { wrap = false, foldenable = false, winhighlight = "Normal:" .. first_group(groups), winblend = 0 }
  for name, value in pairs(look) do
    api.nvim_set_option_value(name, value, { win = win, scope = "local" })
  end
  return { win = win, buf = buf, place = place }
end

--- Show chunks over a window, or in place of those that this name showed there. Raises what `nvim_open_win` does where
--- no window may be opened.
---@param name string
---@param win integer
---@param chunks [string, string?][]
---@param look { position: string, highlight: string }
function M.show(name, win, chunks, look)
  bars[name] = bars[name] or {}
  local bar = bars[name][win]
  local place = place_of(win, look.position, vim.fn.strdisplaywidth(joined(chunks)))
  if bar and not (place and api.nvim_win_is_valid(bar.win)) then
    close(bar)
    bar, bars[name][win] = nil, nil
  end
  if not place then
    return
  elseif not bar then
    bar = open(place, look.highlight)
    bars[name][win] = bar
  elseif not vim.deep_equal(bar.place, place) then
    api.nvim_win_set_config(bar.win, place)
    bar.place = place
  end
  write(bar.buf, chunks)
end

--- Take a bar away.
---@param name string
---@param win integer
function M.hide(name, win)
  local bar = bars[name] and bars[name][win]
  if bar then
    bars[name][win] = nil
    close(bar)
  end
end

--- Take all bars of this name away.
---@param name string
function M.clear(name)
  for _, bar in pairs(bars[name] or {}) do
    close(bar)
  end
  bars[name] = nil
end

--- The windows over which a bar of this name stands.
---@param name string
---@return integer[]
function M.windows(name)
  return vim.tbl_keys(bars[name] or {})
end

return M
