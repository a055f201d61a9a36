--- What status lines show of a chat. A redraw reads a table; whatever changes makes that table anew, once for all that
--- changes in one go, and only for chats that somebody has asked about.

local api = vim.api

local M = {}

---@alias flemma.statusline.Format string|fun(values: table<string, any>): string?

---@class (exact) flemma.statusline.Entry
---@field status flemma.Status
---@field texts table<flemma.statusline.Format, string> by format; "": by the settings

---@type table<integer, flemma.statusline.Entry>
local entries = {}
---@type table<integer, true>
local stale = {}
local due = false

---@type table<string, flemma.statusline.Template|false> by their texts; false: it cannot be read
local templates = {}

local SETTINGS = ""

local function warn(problem)
  require("flemma.notify").once("setting ui.statusline.format: " .. tostring(problem), vim.log.levels.WARN)
end

---@param name "format"|"thinking_format"|"reasoning_format"
local function setting(bufnr, name)
  local standing = require("flemma.state").standing(bufnr)
  return standing and standing[name] or require("flemma.settings").get("ui", "statusline", name)
end

--- The model, with what was asked for of its thinking.
---@param status flemma.Status
---@return string
local function plain(status)
  local model, thinking = status.model.name, status.thinking
  if not model then
    return ""
  end
  local format = "{model}"
  if thinking.enabled and thinking.asked then
    format = setting(status.bufnr, thinking.budget and "thinking_format" or "reasoning_format")
  end
  local values = { model = model, level = thinking.level or "" }
  return (tostring(format):gsub("{(%w+)}", values):gsub("%%", "%%%%"))
end

---@param format string
---@return flemma.statusline.Template?
local function template(format)
  if templates[format] == nil then
    local ok, found = pcall(require("flemma.statusline.template").compile, format)
    templates[format] = ok and found
    if not ok then
      warn(found)
    end
  end
  return templates[format] or nil
end

---@param status flemma.Status
---@param format flemma.statusline.Format
---@return string
local function write(status, format)
  local chosen = format
  if format == SETTINGS then
    chosen = setting(status.bufnr, "format")
  end
  local run = type(chosen) == "function" and chosen or type(chosen) == "string" and template(chosen)
  if not run or not status.model.name then
    return plain(status)
  end
  local ok, text = pcall(run, require("flemma.statusline.values").for_format(status))
  if not ok then
    warn(text)
    return plain(status)
  end
  return text == nil and "" or tostring(text)
end

---@param bufnr integer
---@return flemma.statusline.Entry
local function make(bufnr)
  local before = entries[bufnr]
  local entry = { status = require("flemma.statusline.values").gather(bufnr), texts = {} }
  entries[bufnr] = entry
  for format in pairs(before and before.texts or {}) do
    entry.texts[format] = write(entry.status, format)
  end
  return entry
end

local function redraw()
  if package.loaded["lualine.components.flemma"] and package.loaded["lualine"] then
    pcall(require("lualine").refresh, { place = { "statusline", "winbar", "tabline" } })
  end
  pcall(vim.cmd.redrawstatus, { bang = true })
end

local function renew()
  due = false
  local waiting = stale
  stale = {}
  local changed = {}
  for bufnr in pairs(waiting) do
    local before = entries[bufnr]
    if before and api.nvim_buf_is_loaded(bufnr) then
      local after = make(bufnr)
      if not vim.deep_equal(before.status, after.status) then
        changed[#changed + 1] = bufnr
      elseif vim.deep_equal(before.texts, after.texts) then
        entries[bufnr] = before
      end
    end
  end
  for _, bufnr in ipairs(changed) do
    require("flemma.announce").announce(bufnr, "FlemmaStatusChanged", {})
  end
  if next(waiting) then
    redraw()
  end
end

--- Something about a chat is another: its table is made anew when the editor has a moment.
---@param bufnr integer? nil: about all chats
function M.touch(bufnr)
  for each in pairs(bufnr and { [bufnr] = true } or entries) do
    stale[each] = entries[each] and true or nil
  end
  if next(stale) and not due then
    due = true
    vim.schedule(renew)
  end
end

---@param bufnr integer
function M.forget(bufnr)
  entries[bufnr] = nil
end

---@param bufnr integer?
---@return flemma.statusline.Entry?
local function entry_of(bufnr)
  bufnr = (bufnr == nil or bufnr == 0) and api.nvim_get_current_buf() or bufnr --[[@as integer]]
  return entries[bufnr] or (require("flemma.buffer").is_chat(bufnr) and make(bufnr) or nil)
end

--- See `require("flemma").status`.
---@param bufnr integer?
---@return flemma.Status?
function M.status(bufnr)
  local entry = entry_of(bufnr)
  return entry and entry.status
end

--- A chat's status as a piece of a status line; empty where there is no chat.
---@param bufnr integer?
---@param format flemma.statusline.Format? nil: as the settings say
---@return string
function M.text(bufnr, format)
  local entry = entry_of(bufnr)
  if not entry then
    return ""
  end
  format = format or SETTINGS
  entry.texts[format] = entry.texts[format] or write(entry.status, format)
  return entry.texts[format]
end

return M
