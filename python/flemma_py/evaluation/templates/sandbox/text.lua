-- Values as text: what `{{ value }}` gives, tables as JSON with their keys always in the same order.

local S = ...

local abs, floor, huge = math.abs, math.floor, math.huge
local byte, format, gsub = string.byte, string.format, string.gsub
local concat, sort = table.concat, table.sort
local error, getmetatable, next, rawequal, select = error, getmetatable, next, rawequal, select
local tostring, type = tostring, type

local printable = { boolean = true, string = true, cdata = true, ["nil"] = true }

local function number_text(number)
  -- tostring rounds to 14 digits, also where a whole number is exact.
  if number == floor(number) and abs(number) <= 2 ^ 53 then
    return format("%.0f", number)
  end
  return tostring(number)
end

function S.tostring(...)
  if select("#", ...) == 0 then
    error("bad argument #1 to 'tostring' (value expected)", 2)
  end
  local value = (...)
  local kind = type(value)
  if kind == "number" then
    return number_text(value)
  end
  if printable[kind] or (kind == "table" and rawequal(getmetatable(value), false)) then
    return tostring(value)
  end
  return kind -- not its address, which is different every time
end

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function escape(text)
  return '"' .. gsub(text, '[%c"\\]', function(c)
    return escapes[c] or format("\\u%04x", byte(c))
  end) .. '"'
end

local ranks = { number = 1, string = 2, boolean = 3 }

local function by_kind(a, b)
  local kind, other = type(a), type(b)
  if kind ~= other then
    return (ranks[kind] or 4) < (ranks[other] or 4)
  end
  if kind == "number" or kind == "string" then
    return a < b
  end
  return false
end

--- The table's keys, always in the same order: a request must not change from one send to the next.
function S.ordered_keys(t)
  local keys, n, sorted, last = {}, 0, true, -huge
  for key in next, t do
    n = n + 1
    keys[n] = key
    if type(key) == "number" and key > last then
      last = key
    else
      sorted = false
    end
  end
  if not sorted then
    sort(keys, by_kind)
  end
  return keys, n, sorted and last == n
end

function S.encode(value, depth)
  local kind = type(value)
  if kind == "string" then
    return escape(value)
  elseif kind == "number" then
    return (value ~= value or abs(value) == huge) and "null" or number_text(value)
  elseif kind == "boolean" then
    return tostring(value)
  elseif kind ~= "table" then
    error("a " .. kind .. " cannot be written as JSON", 0)
  elseif S.is_setting(value) then
    return S.encode(S.value_of(value), depth)
  elseif depth > 60 then
    error("the table is nested too deeply, or in itself", 0)
  end
  local keys, n, is_list = S.ordered_keys(value)
  local parts = {}
  for i = 1, n do
    local item = S.encode(value[keys[i]], depth + 1)
    if is_list then
      parts[i] = item
    else
      parts[i] = escape(S.tostring(keys[i])) .. ":" .. item
    end
  end
  if is_list and n > 0 then
    return "[" .. concat(parts, ",") .. "]"
  end
  return "{" .. concat(parts, ",") .. "}"
end

--- What `{{ value }}` puts into the text.
function S.show(value)
  local kind = type(value)
  if kind == "string" then
    return value
  elseif kind == "nil" then
    return ""
  elseif kind == "number" then
    return number_text(value)
  elseif kind == "table" then
    if rawequal(getmetatable(value), false) and not S.is_setting(value) then
      return tostring(value)
    end
    return S.encode(value, 0)
  elseif kind == "boolean" or kind == "cdata" then
    return tostring(value)
  end
  error("the expression gives a " .. kind .. ", not text", 0)
end
