--- The report of a request in one line, where `ui.usage.position` names an edge and no corner:
---
---     ℹ claude-sonnet-4-5 (anthropic) │ $0.012 82% 4,120↑ 310↓ 96⁂ │ Σ $0.34 90,000↑ 8,120↓
---
--- What does not fit is left out, the least important first. For a chat that no window of this tab page shows it waits.

local api = vim.api

local M = {}

local NAME = "usage "

---@class (exact) flemma.usage.Item
---@field section integer
---@field priority integer items of one priority come and go together
---@field chunks [string, string?][]

---@class (exact) flemma.usage.Shown
---@field request flemma.session.Request
---@field counting boolean the time until it goes has begun

---@type table<integer, flemma.usage.Shown>
local shown = {}

--- As few digits as say it: `$0`, `$3`, `$1.25`, `$0.012`, `$0.0004`.
---@param dollars number
---@return string
function M.money(dollars)
  if dollars % 1 == 0 then
    return ("$%d"):format(dollars)
  end
  local text = ("%.4f"):format(dollars)
  if dollars >= 1 then
    text = ("%.2f"):format(dollars)
  elseif dollars >= 0.01 then
    text = ("%.3f"):format(dollars)
  end
  -- Zeros behind the cents say nothing.
  return "$" .. text:gsub("^(%d+%.%d%d)(%d-)0*$", "%1%2")
end

---@param request flemma.session.Request
---@return flemma.usage.Item[] in the order in which they stand
local function items(request)
  local commas = require("flemma.ui.usage").commas
  local session = require("flemma.session").get()
  local priced = require("flemma.settings").get("ui", "pricing", "enabled") ~= false
  local list = {}
  local function add(section, priority, text, group)
    list[#list + 1] = { section = section, priority = priority, chunks = { { text, group } } }
  end
  add(1, 110, request.model)
  add(1, 10, ("(%s)"):format(request.provider))
  local cost = priced and request:has_price()
  if cost then
    add(2, 70, M.money(request:get_total_cost()))
  end
  local percentage = request:get_cache_percentage()
  local small = (request.min_cache_tokens or 0) > request:get_total_input_tokens()
  if percentage and not (percentage == 0 and small) then
    add(2, 80, ("%d%%"):format(percentage))
  end
  add(2, 90, commas(request:get_total_input_tokens()) .. "↑")
  add(2, 60, commas(request:get_total_output_tokens()) .. "↓")
  if request.thoughts_tokens > 0 then
    add(2, 50, commas(request.thoughts_tokens) .. "⁂")
  end
  if cost then
    add(3, 100, M.money(session:get_total_cost()))
  end
  add(3, 35, commas(session:get_total_input_tokens()) .. "↑")
  add(3, 35, commas(session:get_total_output_tokens()) .. "↓")
  return list
end

local HEADS = { " ℹ ", " │ ", " │ Σ " }

---@param kept flemma.usage.Item[]
---@param gap string
---@return [string, string?][]
local function joined(kept, gap)
  local chunks, section = {}, 0
  for _, item in ipairs(kept) do
    local head = item.section == section and gap or HEADS[item.section]
    section = item.section
    chunks[#chunks + 1] = { head }
    vim.list_extend(chunks, item.chunks)
  end
  chunks[#chunks + 1] = { " " }
  return chunks
end

local function width(chunks)
  local text = table.concat(vim.tbl_map(function(chunk)
    return chunk[1]
  end, chunks))
  return api.nvim_strwidth(text)
end

--- The line for so many columns.
---@param request flemma.session.Request
---@param columns integer
---@return [string, string?][]
function M.chunks(request, columns)
  local all, priorities = items(request), {}
  for _, item in ipairs(all) do
    priorities[item.priority] = true
  end
  local order = vim.tbl_keys(priorities)
  table.sort(order, function(one, other)
    return one > other
  end)
  local taken, best = {}, { { "" } }
  for _, priority in ipairs(order) do
    taken[priority] = true
    local chunks = joined(
      vim.tbl_filter(function(item)
        return taken[item.priority]
      end, all),
      " "
    )
    if width(chunks) <= columns then
      best = chunks
    else
      taken[priority] = nil
    end
  end
  return best
end

---@param buf integer
---@return string?
local function edge(buf)
  local position = require("flemma.settings").of(buf, "ui", "usage", "position")
  return (position == "top" or position == "bottom") and position or nil
end

--- Is the report of this chat a bar?
---@param buf integer
---@return boolean
function M.is_wanted(buf)
  return edge(buf) ~= nil
end

---@param buf integer
function M.hide(buf)
  shown[buf] = nil
  require("flemma.ui.bar").clear(NAME .. buf)
end

---@param buf integer
local function count_down(buf)
  local state, timeout = shown[buf], require("flemma.ui.popup.window").setting("timeout")
  if state.counting or timeout == 0 then
    return
  end
  state.counting = true
  vim.defer_fn(function()
    if shown[buf] == state then
      M.hide(buf)
    end
  end, timeout)
end

--- Put the bar of a chat over the windows of this tab page that show it.
---@param buf integer
local function refresh(buf)
  local state, position = shown[buf], edge(buf)
  if not state or not position then
    return
  end
  local bar = require("flemma.ui.bar")
  local look = { position = position, highlight = require("flemma.settings").get("ui", "usage", "highlight") }
  for _, win in ipairs(bar.windows(NAME .. buf)) do
    if not api.nvim_win_is_valid(win) or api.nvim_win_get_buf(win) ~= buf then
      bar.hide(NAME .. buf, win)
    end
  end
  for _, win in ipairs(api.nvim_tabpage_list_wins(0)) do
    if api.nvim_win_get_buf(win) == buf and api.nvim_win_get_config(win).relative == "" then
      bar.show(NAME .. buf, win, M.chunks(state.request, api.nvim_win_get_width(win)), look)
      count_down(buf)
    end
  end
end

local RETRY_MS, MOST_TRIES = 250, 40

--- While Neovim lets no window open (a command line window, say) it is tried again for a while.
---@param buf integer
---@param tries integer
local function refresh_soon(buf, tries)
  vim.defer_fn(function()
    if not pcall(refresh, buf) and tries < MOST_TRIES then
      refresh_soon(buf, tries + 1)
    end
  end, tries == 0 and 0 or RETRY_MS)
end

--- Show the report of a request over its chat, in place of an earlier one.
---@param buf integer
---@param request flemma.session.Request
function M.show(buf, request)
  shown[buf] = { request = request, counting = false }
  refresh_soon(buf, 0)
end

---@param buf integer
---@return boolean
function M.is_visible(buf)
  return shown[buf] ~= nil
end

local group = api.nvim_create_augroup("FlemmaUsageBar", {})

api.nvim_create_autocmd({ "BufWinEnter", "WinEnter", "TabEnter", "WinResized", "VimResized" }, {
  group = group,
  callback = function()
    for buf in pairs(shown) do
      refresh_soon(buf, 0)
    end
  end,
})

api.nvim_create_autocmd("BufWipeout", {
  group = group,
  callback = function(event)
    M.hide(event.buf)
  end,
})

return M
