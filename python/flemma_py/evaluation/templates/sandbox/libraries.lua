-- The names in reach of a chat. Libraries are read-only: one message must not break the next.

local S = ...

local floor = math.floor
local assert, error, getmetatable, ipairs, next, pcall = assert, error, getmetatable, ipairs, next, pcall
local select, setmetatable, tonumber, type, unpack = select, setmetatable, tonumber, type, unpack
local _VERSION, math, string, table = _VERSION, math, string, table

S.libraries = {} -- by name: what is in them, and how they are read

local function read_only(library, name)
  local meta = {
    __tostring = function()
      return name
    end,
    __index = library,
    __newindex = function()
      error(name .. " cannot be changed", 2)
    end,
    __metatable = false,
  }
  S.libraries[name] = { fields = library, meta = meta }
  return setmetatable({}, meta)
end

local string_library, table_library, math_library = {}, {}, {}
for name, value in next, string do
  string_library[name] = name ~= "dump" and value or nil
end
for _, name in ipairs({ "concat", "insert", "remove", "sort", "maxn" }) do
  table_library[name] = table[name]
end
table_library.unpack = unpack
for name, value in next, math do
  math_library[name] = value
end
math_library.round = function(number)
  return floor(number + 0.5)
end
getmetatable("").__index = string_library -- ("x"):dump() would be a way round
getmetatable("").__metatable = false

local function ordered_pairs(t)
  t = S.items(t)
  if type(t) ~= "table" then
    error("bad argument #1 to 'pairs' (table expected, got " .. type(t) .. ")", 2)
  end
  local keys, n = S.ordered_keys(t)
  local i = 0
  return function()
    while i < n do
      i = i + 1
      local value = t[keys[i]]
      if value ~= nil then
        return keys[i], value
      end
    end
  end
end

local function values(t)
  local following = ordered_pairs(t)
  return function()
    local _, value = following()
    return value
  end
end

local function each(list)
  list = S.items(list)
  local length, i = #list, 0
  return function()
    i = i + 1
    if i <= length then
      return list[i], { index = i, index0 = i - 1, first = i == 1, last = i == length, length = length }
    end
  end
end

local function from_python(names)
  local library = {}
  for key, name in next, names do
    library[key] = function(...)
      return (S.ask(name, ...))
    end
  end
  return library
end

local function functions(library, names)
  local map = {}
  for _, name in ipairs(names) do
    map[name] = library .. "." .. name
  end
  return read_only(from_python(map), library)
end

S.BINARY, S.MIME = setmetatable({}, { __metatable = false }), setmetatable({}, { __metatable = false })

--- What every environment has.
S.common = {
  _VERSION = _VERSION,
  assert = assert,
  each = each,
  error = error,
  ipairs = function(list)
    return ipairs(S.items(list))
  end,
  math = read_only(math_library, "math"),
  os = functions("os", { "clock", "date", "difftime", "time" }),
  format = functions("format", { "number", "tokens", "money", "percent" }),
  pairs = ordered_pairs,
  pcall = pcall,
  print = function(...)
    for i = 1, select("#", ...) do
      if S.out then
        S.out.n = S.out.n + 1
        S.out[S.out.n] = S.tostring((select(i, ...)))
      end
    end
  end,
  select = select,
  string = read_only(string_library, "string"),
  symbols = read_only({ BINARY = S.BINARY, MIME = S.MIME }, "symbols"),
  table = read_only(table_library, "table"),
  tonumber = tonumber,
  tostring = S.tostring,
  type = type,
  utf8 = read_only(S.utf8, "utf8"),
  values = values,
  vim = read_only({
    fn = functions("vim.fn", { "fnamemodify", "getcwd", "filereadable", "simplify" }),
    fs = functions("vim.fs", { "normalize", "abspath" }),
  }, "vim"),
}
