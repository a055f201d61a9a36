--- The language of highlight values: from what stands in a setting to attributes that Neovim takes.
---
---     "Comment"                              the group itself
---     "#rrggbb"                              a colour
---     { fg = "#ffcc00", bold = true }        attributes
---     { dark = …, light = … }                one of these, by 'background'
---     "Normal+bg:#101010-fg:#202020,Other"   a group with channels added or taken, or the next one that has them
---
--- Only the last of a chain may take what it lacks from `Normal`, and then from `defaults`.

local M = {}

local CHANNELS = { fg = true, bg = true, sp = true }
local STEPS = { 0, 95, 135, 175, 215, 255 }

---@alias flemma.Attributes vim.api.keyset.highlight

---@param colour integer
---@return integer[] red, green, blue
local function split(colour)
  return { math.floor(colour / 65536), math.floor(colour / 256) % 256, colour % 256 }
end

---@param colour integer
---@param delta integer
---@param sign integer 1 or -1
---@return integer
function M.blend(colour, delta, sign)
  local from, by, result = split(colour), split(delta), 0
  for channel = 1, 3 do
    result = result * 256 + math.max(0, math.min(255, from[channel] + sign * by[channel]))
  end
  return result
end

local function distance(left, right)
  local sum = 0
  for channel = 1, 3 do
    sum = sum + (left[channel] - right[channel]) ^ 2
  end
  return sum
end

local function nearest_step(value)
  local best = 1
  for index, step in ipairs(STEPS) do
    if math.abs(step - value) < math.abs(STEPS[best] - value) then
      best = index
    end
  end
  return best
end

--- The nearest colour of a 256-colour terminal, for sessions without 'termguicolors'.
---@param colour integer
---@return integer
function M.terminal(colour)
  local wanted = split(colour)
  local cube = { nearest_step(wanted[1]), nearest_step(wanted[2]), nearest_step(wanted[3]) }
  local gray = math.max(0, math.min(23, math.floor(((wanted[1] + wanted[2] + wanted[3]) / 3 - 8) / 10 + 0.5)))
  local gray_value = 8 + 10 * gray
  local cube_colour = { STEPS[cube[1]], STEPS[cube[2]], STEPS[cube[3]] }
  if distance({ gray_value, gray_value, gray_value }, wanted) <= distance(cube_colour, wanted) then
    return 232 + gray
  end
  return 16 + 36 * (cube[1] - 1) + 6 * (cube[2] - 1) + cube[3] - 1
end

local function hex(text)
  local digits = text:match("^#(%x%x%x%x%x%x)$")
  return digits and tonumber(digits, 16)
end

---@param name string
---@return flemma.Attributes? nil where there is no such group
local function group(name)
  local found = vim.api.nvim_get_hl(0, { name = name, link = false, create = false })
  return next(found) and found or nil
end

--- What a group lacks, from the colours that everything stands on.
local function fallback(channel, defaults)
  local normal = group("Normal") or {}
  return normal[channel] or hex(defaults[channel] or "") or nil
end

---@return string? name
---@return { sign: integer, channel: string, delta: integer }[]?
local function parse_term(term)
  local name, rest = term:match("^%s*([%w_.@-]-)%s*([+-]%a+:#.*)$")
  if not name then
    name, rest = term:match("^%s*([%w_.@-]+)%s*$"), ""
  end
  local operations = {}
  for sign, channel, colour in rest:gmatch("([+-])(%a+):(#%x+)") do
    if not CHANNELS[channel] or not hex(colour) then
      return nil
    end
    operations[#operations + 1] = { sign = sign == "+" and 1 or -1, channel = channel, delta = hex(colour) }
  end
  if rest:gsub("[+-]%a+:#%x+", ""):find("%S") then
    return nil
  end
  return name, operations
end

--- One term of a chain. Nil where the group is not there or lacks a channel, and may not take it from elsewhere.
local function term_attributes(name, operations, defaults, last)
  local found = group(name)
  if not found and not last then
    return nil
  end
  local attributes = vim.deepcopy(found or {})
  for _, operation in ipairs(operations) do
    local base = attributes[operation.channel] or (last and fallback(operation.channel, defaults))
    if not base then
      return nil
    end
    attributes[operation.channel] = M.blend(base, operation.delta, operation.sign)
  end
  return attributes
end

local function expression(text, defaults)
  local terms = vim.split(text, ",", { plain = true })
  for index, term in ipairs(terms) do
    local name, operations = parse_term(term)
    if not name or name == "" then
      return nil, ("%q is not a highlight"):format(term)
    end
    local attributes = term_attributes(name, operations, defaults, index == #terms)
    if attributes then
      return attributes
    end
  end
  return {}
end

--- What the value means. A plain group's name is given as a link, so that what links to it follows it.
---@param value any
---@param background "dark"|"light"
---@param defaults { dark: table, light: table }
---@param channel? "fg"|"bg" what a bare colour stands for
---@return flemma.Attributes?
---@return string? problem
function M.resolve(value, background, defaults, channel)
  if type(value) == "table" and (value.dark ~= nil or value.light ~= nil) then
    value = value[background] or value[background == "dark" and "light" or "dark"]
  end
  if type(value) == "table" then
    return vim.deepcopy(value)
  elseif type(value) ~= "string" then
    return nil, "a highlight is a name, a colour, an expression or a table"
  end
  local colour = hex(value)
  if colour then
    return { [channel or "fg"] = colour }
  elseif value:find("^[%w_.@-]+$") and not value:find("[+-]%a+:") then
    return { link = value }
  end
  return expression(value, defaults[background] or {})
end

--- The attributes of a value with its link followed: what a caller can take single channels from.
---@return flemma.Attributes?
---@return string? problem
function M.attributes(value, background, defaults, channel)
  local found, problem = M.resolve(value, background, defaults, channel)
  if found and found.link then
    found = group(found.link --[[@as string]]) or {}
  end
  return found, problem
end

local function to_number(colour)
  if type(colour) == "number" then
    return colour
  end
  return hex(colour) or vim.api.nvim_get_color_by_name(colour)
end

--- The same with the terminal's nearest colours added where the value has none, and stale ones replaced.
---@param attributes flemma.Attributes
---@return flemma.Attributes
function M.with_terminal(attributes)
  if attributes.link then
    return attributes
  end
  for _, channel in ipairs({ "fg", "bg" }) do
    local colour = attributes[channel] and to_number(attributes[channel]) or -1
    if colour >= 0 then
      attributes["cterm" .. channel] = M.terminal(colour)
    end
  end
  return attributes
end

return M
