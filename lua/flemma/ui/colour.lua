--- The language of highlight values: from what stands in a setting to attributes that Neovim takes.
---
---     "Comment"                              the group itself
---     "#rrggbb"                              a colour
---     { fg = "#ffcc00", bold = true }        attributes
---     { dark = …, light = … }                one of these, by 'background'
---     "Normal+bg:#101010-fg:#202020,Other"   a group with channels added or taken, or the next one that has them
---     "Comment^fg:4.5"                       the same with as much contrast (WCAG) to what it stands on, at least
---
--- Only the last of a chain may take what it lacks from `Normal`, and then from `defaults`. Contrast comes last, to the
--- group's own ground or to that of `Normal`.

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

--- How light a colour is, by WCAG 2: 0 is black, 1 is white.
local function luminance(colour)
  local parts = split(colour)
  for channel = 1, 3 do
    local share = parts[channel] / 255
    parts[channel] = share <= 0.03928 and share / 12.92 or ((share + 0.055) / 1.055) ^ 2.4
  end
  return 0.2126 * parts[1] + 0.7152 * parts[2] + 0.0722 * parts[3]
end

--- Contrast of two colours by WCAG 2, from 1 to 21.
---@param one integer
---@param other integer
---@return number
function M.contrast(one, other)
  local light, dark = luminance(one), luminance(other)
  if light < dark then
    light, dark = dark, light
  end
  return (light + 0.05) / (dark + 0.05)
end

local function mix(colour, target, share)
  local from, to, result = split(colour), split(target), 0
  for channel = 1, 3 do
    result = result * 256 + math.floor(from[channel] + (to[channel] - from[channel]) * share + 0.5)
  end
  return result
end

--- The nearest colour, on the way to white or black, that has this contrast to the ground; or the end of the way.
---@param colour integer
---@param ground integer
---@param ratio number
---@return integer
function M.with_contrast(colour, ground, ratio)
  if M.contrast(colour, ground) >= ratio then
    return colour
  end
  local target = M.contrast(0xffffff, ground) >= M.contrast(0, ground) and 0xffffff or 0
  for share = 1, 32 do
    local found = mix(colour, target, share / 32)
    if M.contrast(found, ground) >= ratio then
      return found
    end
  end
  return target
end

---@class (exact) flemma.colour.Operation
---@field channel "fg"|"bg"|"sp"
---@field sign integer? 1 or -1: `delta` is added or taken
---@field delta integer?
---@field ratio number? least contrast

---@return flemma.colour.Operation?
local function parse_operation(mark, channel, value)
  if not CHANNELS[channel] then
    return nil
  elseif mark == "^" then
    local ratio = tonumber(value)
    return ratio and ratio >= 1 and ratio <= 21 and { channel = channel, ratio = ratio } or nil
  end
  local delta = hex(value)
  return delta and { channel = channel, sign = mark == "+" and 1 or -1, delta = delta } or nil
end

---@return string? name
---@return flemma.colour.Operation[]?
local function parse_term(term)
  local name, rest = term:match("^%s*([%w_.@-]-)%s*([+^-]%a+:.*)$")
  if not name then
    name, rest = term:match("^%s*([%w_.@-]+)%s*$"), ""
  end
  local operations, OPERATION = {}, "%s*([+^-])(%a+):([#%w.]+)%s*"
  for mark, channel, value in rest:gmatch(OPERATION) do
    local operation = parse_operation(mark, channel, value)
    if not operation then
      return nil
    end
    operations[#operations + 1] = operation
  end
  if rest:gsub(OPERATION, "") ~= "" then
    return nil
  end
  return name, operations
end

--- Contrasts, when all is blended: of a text to its ground, of a ground to the text on it.
local function apply_contrasts(attributes, operations, defaults, last)
  for _, operation in ipairs(operations) do
    local channel = operation.channel
    local against = channel == "bg" and "fg" or "bg"
    local ground = attributes[against] or fallback(against, defaults)
    local base = attributes[channel] or (last and fallback(channel, defaults))
    if operation.ratio and ground and base then
      attributes[channel] = M.with_contrast(base, ground, operation.ratio)
    end
  end
end

--- One term of a chain. Nil where the group is not there or lacks a channel, and may not take it from elsewhere.
local function term_attributes(name, operations, defaults, last)
  local found = group(name)
  if not found and not last then
    return nil
  end
  local attributes = vim.deepcopy(found or {})
  for _, operation in ipairs(operations) do
    if operation.delta then
      local base = attributes[operation.channel] or (last and fallback(operation.channel, defaults))
      if not base then
        return nil
      end
      attributes[operation.channel] = M.blend(base, operation.delta, operation.sign)
    end
  end
  apply_contrasts(attributes, operations, defaults, last)
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
  elseif value:find("^[%w_.@-]+$") then
    return { link = value }
  end
  return expression(value, defaults[background] or {})
end

--- The attributes of a value with its link followed: what a caller can take single channels from.
---@param value any
---@param background string
---@param defaults table<string, { fg: string?, bg: string? }>
---@param channel "fg"|"bg"
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
