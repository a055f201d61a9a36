--- The highlight groups of a chat, out of the settings; made again when the colours change.
---
--- Each is only a default: a colour scheme or a user that sets a group of ours is right. What a chat's frontmatter says
--- of colours becomes groups of that chat's own, which its windows take in place of ours ('winhighlight').

local api = vim.api

local M = {}

--- What we set last, by group: only that may be replaced.
---@type table<string, table>
local ours = {}

---@type table<integer, string> for 'winhighlight', by buffer
local of_chats = {}

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

local function is_foreign(name)
  local found = current(name)
  return next(found) ~= nil and not vim.deep_equal(found, ours[name])
end

--- Set a group unless somebody else has.
local function set(name, attributes)
  if is_foreign(name) then
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

---@alias flemma.Read fun(method: "resolve"|"attributes", path: string[], channel: "fg"|"bg"): vim.api.keyset.highlight

--- Gives a function that reads a setting as attributes; what is wrong is told once and is nothing.
---@param buf integer? the chat whose own settings count
---@return flemma.Read
local function reader(buf)
  local settings, colour = require("flemma.settings"), require("flemma.ui.colour")
  local background = vim.o.background
  local defaults = settings.of(buf, "highlights", "defaults")
  return function(method, path, channel)
    local found, problem = colour[method](settings.of(buf, unpack(path)), background, defaults, channel)
    if problem then
      warn(path, problem)
    end
    return found or {}
  end
end

---@param buf integer?
local function role_style(buf)
  local style = {}
  for name in tostring(require("flemma.settings").of(buf, "highlights", "role_style") or ""):gmatch("[^,%s]+") do
    if STYLES[name] then
      style[name] = true
    elseif name:upper() ~= "NONE" then
      local near = require("flemma.spelling").nearest(name, vim.tbl_keys(STYLES))
      local hint = near and (": did you mean %s?"):format(near) or " such as bold, italic or underline"
      warn({ "highlights", "role_style" }, name .. " is not an attribute" .. hint)
    end
  end
  return style
end

--- A link, save where the target has no colour for terminals: what is meant to be faint would stand out there.
local function linked(target)
  local found = api.nvim_get_hl(0, { name = target, link = false, create = false })
  return (found.fg and not found.ctermfg) and found or { link = target }
end

---@type table<string, fun(group: flemma.Group, read: flemma.Read, buf: integer?): vim.api.keyset.highlight>
local MEANING = {}

function MEANING.text(group, read)
  local found = group.setting and read("resolve", group.setting, "fg")
  if found and found.link == "Normal" then
    -- Its ground would cover tints, the line of the cursor, and that of windows without the focus.
    local normal = api.nvim_get_hl(0, { name = "Normal", link = false })
    return { fg = normal.fg, ctermfg = normal.ctermfg }
  end
  -- A setting may name the group that it is for: then it has nothing to say.
  return found and found.link ~= group.name and found or linked(group.link)
end

--- A tint is a background and nothing else: the text on it keeps its colours. One that is the window's own is none.
function MEANING.line(group, read)
  local found = read("attributes", group.setting, "bg")
  if found.bg == api.nvim_get_hl(0, { name = "Normal", link = false }).bg then
    return {}
  end
  return { bg = found.bg, ctermbg = found.ctermbg }
end

function MEANING.role(group, read, buf)
  local found, style = read("attributes", group.setting, "fg"), role_style(buf)
  local attributes = vim.tbl_extend("force", { fg = found.fg, ctermfg = found.ctermfg }, style)
  attributes.cterm = next(style) and style or nil
  return attributes
end

function MEANING.sign(group, read, buf)
  local wanted = require("flemma.settings").of(buf, unpack(group.setting))
  if wanted == false then
    return { link = "SignColumn" }
  elseif wanted ~= true then
    return read("resolve", group.setting, "fg")
  end
  local found = read("attributes", { "highlights", group.role }, "fg")
  return { fg = found.fg, ctermfg = found.ctermfg }
end

local function meaning(group, read, buf)
  return MEANING[group.kind](group, read, buf)
end

--- Least contrast of colours that a file brings along: what it says must not be hidden from whoever reads it.
local LEGIBLE = 1.6

--- Gives a function that tells whether a group can be read where it may stand; tints are to be asked about first.
local function judge()
  local normal = api.nvim_get_hl(0, { name = "Normal", link = false })
  local code = api.nvim_get_hl(0, { name = "String", link = false })
  local dark, contrast = vim.o.background == "dark", require("flemma.ui.colour").contrast
  local text, grounds = normal.fg or (dark and 0xffffff or 0), { normal.bg or (dark and 0 or 0xffffff) }
  ---@param kind string
  ---@param name string
  ---@return boolean
  return function(kind, name)
    local found = api.nvim_get_hl(0, { name = name, link = false })
    if kind == "line" then
      local ground = found.bg
      local legible = not ground or (contrast(ground, text) >= LEGIBLE and contrast(ground, code.fg or text) >= LEGIBLE)
      grounds[#grounds + 1] = legible and ground or nil
      return legible
    end
    return vim.iter(found.bg and { found.bg } or grounds):all(function(ground)
      return contrast(found.fg or text, ground) >= LEGIBLE
    end)
  end
end

--- The groups that a chat has colours of its own for.
---@param buf integer
local function define_own(buf)
  local plain, read, is_legible = reader(), reader(buf), judge()
  local pairs_of_groups = {}
  local function define(group)
    local wanted = meaning(group, read, buf)
    if vim.deep_equal(wanted, meaning(group, plain)) then
      return
    end
    local name = ("%s_%d"):format(group.name, buf)
    set(name, wanted)
    if is_legible(group.kind, name) then
      pairs_of_groups[#pairs_of_groups + 1] = group.name .. ":" .. name
    else
      warn(group.setting, "the chat's own colour cannot be read where it stands, and was left out")
    end
  end
  for _, tints in ipairs({ true, false }) do
    for _, group in ipairs(require("flemma.ui.groups").list) do
      if group.setting and (group.kind == "line") == tints and not is_foreign(group.name) then
        define(group)
      end
    end
  end
  of_chats[buf] = table.concat(pairs_of_groups, ",")
end

local defined = false

--- Define all groups.
function M.define()
  defined = true
  local read = reader()
  for _, group in ipairs(require("flemma.ui.groups").list) do
    set(group.name, meaning(group, read))
  end
  for buf in pairs(of_chats) do
    define_own(buf)
  end
end

--- Define them if nobody has so far: for what is shown without a chat.
function M.ensure()
  if not defined then
    M.define()
  end
end

--- What a chat says of colours has changed.
---@param buf integer
function M.own_changed(buf)
  define_own(buf)
end

---@param buf integer
function M.forget(buf)
  of_chats[buf] = nil
end

--- 'winhighlight' for a window that shows the chat: what stands there, and the groups of the chat's own.
---@param buf integer
---@param winhighlight string
---@return string
function M.winhighlight(buf, winhighlight)
  local entries = {}
  for entry in winhighlight:gmatch("[^,]+") do
    if not entry:find("^Flemma%w+:Flemma%w+_%d+$") then
      entries[#entries + 1] = entry
    end
  end
  local own = of_chats[buf]
  if own and own ~= "" then
    entries[#entries + 1] = own
  end
  return table.concat(entries, ",")
end

return M
