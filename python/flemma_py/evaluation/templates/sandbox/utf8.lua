-- The `utf8` library of Lua 5.3, which LuaJIT has not.

local S = ...

local byte, char, concat, floor = string.byte, string.char, table.concat, math.floor
local error, select, type, unpack = error, select, type, unpack

local utf8 = { charpattern = "[%z\1-\127\194-\244][\128-\191]*" }

function utf8.char(...)
  local out = {}
  for i = 1, select("#", ...) do
    local code = (select(i, ...))
    if type(code) ~= "number" or code < 0 or code > 0x10FFFF or code ~= floor(code) then
      error("bad argument #" .. i .. " to 'char' (value out of range)", 2)
    elseif code < 0x80 then
      out[i] = char(code)
    elseif code < 0x800 then
      out[i] = char(0xC0 + floor(code / 0x40), 0x80 + code % 0x40)
    elseif code < 0x10000 then
      out[i] = char(0xE0 + floor(code / 0x1000), 0x80 + floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
    else
      out[i] = char(
        0xF0 + floor(code / 0x40000),
        0x80 + floor(code / 0x1000) % 0x40,
        0x80 + floor(code / 0x40) % 0x40,
        0x80 + code % 0x40
      )
    end
  end
  return concat(out)
end

local least = { 0, 0x80, 0x800, 0x10000 }

--- The code point that begins at byte `i`, and how many bytes it takes; nil where none does.
local function decode(text, i)
  local first = byte(text, i)
  if not first then
    return nil
  elseif first < 0x80 then
    return first, 1
  end
  local size = first >= 0xF0 and 4 or first >= 0xE0 and 3 or 2
  if first < 0xC2 or first > 0xF4 then
    return nil
  end
  local code = first % (size == 2 and 0x20 or size == 3 and 0x10 or 0x08)
  for k = i + 1, i + size - 1 do
    local following = byte(text, k)
    if not following or floor(following / 0x40) ~= 2 then
      return nil
    end
    code = code * 0x40 + following % 0x40
  end
  if code < least[size] or code > 0x10FFFF or (code >= 0xD800 and code <= 0xDFFF) then
    return nil
  end
  return code, size
end

local function place(i, length)
  return i < 0 and length + i + 1 or i
end

function utf8.codepoint(text, i, j)
  i = place(i or 1, #text)
  j = place(j or i, #text)
  local codes = {}
  while i <= j do
    local code, size = decode(text, i)
    if not code then
      error("invalid UTF-8 code", 2)
    end
    codes[#codes + 1] = code
    i = i + size
  end
  return unpack(codes)
end

function utf8.len(text, i, j)
  i = place(i or 1, #text)
  j = place(j or -1, #text)
  local length = 0
  while i <= j do
    local code, size = decode(text, i)
    if not code then
      return nil, i
    end
    length, i = length + 1, i + size
  end
  return length
end

function utf8.codes(text)
  local at = 1
  return function()
    if at > #text then
      return nil
    end
    local code, size = decode(text, at)
    if not code then
      error("invalid UTF-8 code", 2)
    end
    local here = at
    at = at + size
    return here, code
  end
end

local function continues(text, i)
  local following = byte(text, i)
  return following ~= nil and floor(following / 0x40) == 2
end

function utf8.offset(text, n, i)
  i = place(i or (n > 0 and 1 or #text + 1), #text)
  if n == 0 then
    while i > 1 and continues(text, i) do
      i = i - 1
    end
    return i
  elseif continues(text, i) then
    error("initial position is a continuation byte", 2)
  end
  while n < 0 and i > 1 do
    repeat
      i = i - 1
    until i <= 1 or not continues(text, i)
    n = n + 1
  end
  while n > 1 and i <= #text do
    repeat
      i = i + 1
    until not continues(text, i)
    n = n - 1
  end
  return (n == 0 or n == 1) and i or nil
end

S.utf8 = utf8
