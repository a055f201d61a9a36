-- The sandbox in which a chat's Lua runs: loaded once into a fresh state, before anything of the chat's. What it needs
-- of the standard library it takes here, so nothing that a chat does can change how it works.
--
-- `call(name, ...)` reaches Python. It never raises, and gives `true, values...` or `false, message, detail`: plain
-- values only, so that no Python object is ever in reach of a chat.

local call, LONGEST = ...

local error, getmetatable, ipairs, next, pcall = error, getmetatable, ipairs, next, pcall
local rawequal, select, setfenv, setmetatable, tonumber = rawequal, select, setfenv, setmetatable, tonumber
local type, native_tostring, unpack = type, tostring, unpack
local abs, floor, huge = math.abs, math.floor, math.huge
local byte, find, format, gsub, match, sub = string.byte, string.find, string.format, string.gsub, string.match, string.sub
local char, concat, sort = string.char, table.concat, table.sort
local native_loadstring = loadstring
local getinfo, getupvalue = debug.getinfo, debug.getupvalue
local randomseed = math.randomseed

local function loadstring(source, name)
  if byte(source, 1) == 27 then
    return nil, "this is no Lua source" -- but bytecode, which knows a way out of every sandbox
  end
  return native_loadstring(source, name)
end

-- ---- errors

local Failure = { __metatable = false }

function Failure.__tostring(failure)
  return failure.message
end

--- The chunk of the chat's code that is running, and its line: chunks of a chat have names that begin with a capital.
local function where(kind)
  for level = 3, 60 do
    local info = getinfo(level, "Sl")
    if not info then
      return nil
    end
    if match(info.source, kind or "^=[A-Z]") then
      return sub(info.source, 2), info.currentline
    end
  end
end

local function fail(fields)
  fields.chunk, fields.line = where()
  error(setmetatable(fields, Failure), 0)
end

local function check(good, first, detail, ...)
  if not good then
    fail({ message = first, detail = detail })
  end
  return first, detail, ...
end

--- What Python answers; an error there is an error here.
local function ask(name, ...)
  return check(call(name, ...))
end

-- ---- settings: flemma.opt

local secrets = setmetatable({}, { __mode = "k" }) -- proxy -> { path, derived }
local Option = { __metatable = false }

local function option(path, derived)
  local proxy = setmetatable({}, Option)
  secrets[proxy] = { path = path, derived = derived or {} }
  return proxy
end

local function below(path, key)
  if type(key) ~= "string" then
    fail({ message = "flemma.opt." .. concat(path, ".") .. " has no " .. type(key) .. " keys" })
  end
  local child = { unpack(path) }
  child[#child + 1] = key
  return child
end

local function value_of(proxy)
  local secret = secrets[proxy]
  return (ask("setting_value", secret.path, secret.derived))
end

local function record(path, action, value)
  if secrets[value] then
    value = value_of(value)
  end
  local _, line = where()
  ask("setting", path, action, value, line)
end

local function derive(proxy, action, value)
  local secret = secrets[proxy]
  if not secret then
    fail({ message = "a list of settings stands on the left of +, - and ^" })
  end
  if secrets[value] then
    value = value_of(value)
  end
  local derived = { unpack(secret.derived) }
  derived[#derived + 1] = { action, value }
  return option(secret.path, derived)
end

local methods = {}
for _, action in ipairs({ "append", "prepend", "remove", "set" }) do
  methods[action] = function(proxy, value)
    local secret = secrets[proxy]
    if not secret then
      fail({ message = "write a colon: flemma.opt.NAME:" .. action .. "(…)" })
    end
    record(secret.path, action, value)
    return proxy
  end
end

function methods.get(proxy)
  if not secrets[proxy] then
    fail({ message = "write a colon: flemma.opt.NAME:get()" })
  end
  return value_of(proxy)
end

function Option.__index(proxy, key)
  if methods[key] then
    return methods[key]
  end
  local secret = secrets[proxy]
  if type(key) == "number" then
    local list = value_of(proxy)
    return type(list) == "table" and list[key] or nil
  end
  local child = below(secret.path, key)
  local scalar = ask("setting_scalar", child)
  if scalar ~= nil then
    return scalar
  end
  return option(child)
end

function Option.__newindex(proxy, key, value)
  local child = below(secrets[proxy].path, key)
  local secret = secrets[value]
  if secret and concat(secret.path, "\0") == concat(child, "\0") then
    for _, step in ipairs(secret.derived) do
      record(child, step[1], step[2])
    end
  else
    record(child, "set", value)
  end
end

function Option.__add(proxy, value)
  return derive(proxy, "append", value)
end

function Option.__sub(proxy, value)
  return derive(proxy, "remove", value)
end

function Option.__pow(proxy, value)
  return derive(proxy, "prepend", value)
end

local flemma = setmetatable({}, {
  __metatable = false,
  __index = function(_, key)
    return key == "opt" and option({}) or nil
  end,
  __newindex = function(_, key, values)
    if key ~= "opt" or type(values) ~= "table" then
      fail({ message = "only flemma.opt can be set here, to a table" })
    end
    local root = option({})
    for name, value in next, values do
      root[name] = value
    end
  end,
})

-- ---- values as text

local printable = { boolean = true, string = true, cdata = true, ["nil"] = true }

local function number_text(number)
  -- tostring rounds to 14 digits, also where a whole number is exact.
  if number == floor(number) and abs(number) <= 2 ^ 53 then
    return format("%.0f", number)
  end
  return native_tostring(number)
end

local function tostring(...)
  if select("#", ...) == 0 then
    error("bad argument #1 to 'tostring' (value expected)", 2)
  end
  local value = (...)
  local kind = type(value)
  if kind == "number" then
    return number_text(value)
  end
  if printable[kind] or (kind == "table" and rawequal(getmetatable(value), false)) then
    return native_tostring(value)
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
local function ordered_keys(t)
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

local function encode(value, depth)
  local kind = type(value)
  if kind == "string" then
    return escape(value)
  elseif kind == "number" then
    return (value ~= value or abs(value) == huge) and "null" or number_text(value)
  elseif kind == "boolean" then
    return native_tostring(value)
  elseif kind ~= "table" then
    error("a " .. kind .. " cannot be written as JSON", 0)
  elseif secrets[value] then
    return encode(value_of(value), depth)
  elseif depth > 60 then
    error("the table is nested too deeply, or in itself", 0)
  end
  local keys, n, is_list = ordered_keys(value)
  local parts = {}
  for i = 1, n do
    local item = encode(value[keys[i]], depth + 1)
    if is_list then
      parts[i] = item
    else
      parts[i] = escape(tostring(keys[i])) .. ":" .. item
    end
  end
  if is_list and n > 0 then
    return "[" .. concat(parts, ",") .. "]"
  end
  return "{" .. concat(parts, ",") .. "}"
end

Option.__tostring = function(proxy)
  return encode(proxy, 0)
end

--- What `{{ value }}` puts into the text.
local function show(value)
  local kind = type(value)
  if kind == "string" then
    return value
  elseif kind == "nil" then
    return ""
  elseif kind == "number" then
    return number_text(value)
  elseif kind == "table" then
    if rawequal(getmetatable(value), false) and not secrets[value] then
      return native_tostring(value)
    end
    return encode(value, 0)
  elseif kind == "boolean" or kind == "cdata" then
    return native_tostring(value)
  end
  error("the expression gives a " .. kind .. ", not text", 0)
end

-- ---- the libraries in reach

local function read_only(library, name)
  return setmetatable({}, {
    __tostring = function()
      return name
    end,
    __index = library,
    __newindex = function()
      error(name .. " cannot be changed", 2)
    end,
    __metatable = false,
  })
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

local function items(list)
  return secrets[list] and value_of(list) or list
end

local function ordered_pairs(t)
  t = items(t)
  if type(t) ~= "table" then
    error("bad argument #1 to 'pairs' (table expected, got " .. type(t) .. ")", 2)
  end
  local keys, n = ordered_keys(t)
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
  list = items(list)
  local length, i = #list, 0
  return function()
    i = i + 1
    if i <= length then
      return list[i], { index = i, index0 = i - 1, first = i == 1, last = i == length, length = length }
    end
  end
end

-- utf8, which LuaJIT has not
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

local function from_python(names)
  local library = {}
  for key, name in next, names do
    library[key] = function(...)
      return (ask(name, ...))
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

local BINARY, MIME = setmetatable({}, { __metatable = false }), setmetatable({}, { __metatable = false })

local out -- what is being rendered

local common = {
  _VERSION = _VERSION,
  assert = assert,
  each = each,
  error = error,
  ipairs = function(list)
    return ipairs(items(list))
  end,
  math = read_only(math_library, "math"),
  os = functions("os", { "clock", "date", "difftime", "time" }),
  format = functions("format", { "number", "tokens", "money", "percent" }),
  pairs = ordered_pairs,
  pcall = pcall,
  print = function(...)
    for i = 1, select("#", ...) do
      if out then
        out.n = out.n + 1
        out[out.n] = tostring((select(i, ...)))
      end
    end
  end,
  select = select,
  string = read_only(string_library, "string"),
  symbols = read_only({ BINARY = BINARY, MIME = MIME }, "symbols"),
  table = read_only(table_library, "table"),
  tonumber = tonumber,
  tostring = tostring,
  type = type,
  utf8 = read_only(utf8, "utf8"),
  values = values,
  vim = read_only({
    fn = functions("vim.fn", { "fnamemodify", "getcwd", "filereadable", "simplify" }),
    fs = functions("vim.fs", { "normalize", "abspath" }),
  }, "vim"),
}

local function include(file, path, options)
  if type(path) ~= "string" then
    fail({ message = "include() wants a path, not a " .. type(path) })
  end
  if options ~= nil and type(options) ~= "table" then
    fail({ message = "the second argument of include() is a table, not a " .. type(options) })
  end
  local binary, mime, arguments = false, nil, {}
  for key, value in next, options or {} do
    if key == "binary" or key == BINARY then
      binary = value and true or false
    elseif key == "mime" or key == MIME then
      mime = tostring(value)
    elseif type(key) == "string" then
      arguments[key] = value
    end
  end
  local chunk, line = where("^=Program")
  if not chunk then
    chunk, line = where()
  end
  return ask("include", file, path, binary, mime, arguments, chunk, line)
end

-- ---- environments

local environments = {} -- by number: { proxy, store }

--- A world for the code of one file: `store` holds its variables. Without `strict` an unknown name is nil.
local function new_environment(file, filename, dirname, store, strict, with_settings)
  local ever = {}
  local own = {
    include = function(path, options)
      return include(file, path, options)
    end,
    __filename = filename,
    __dirname = dirname,
    flemma = with_settings and flemma or nil,
  }
  local known = { __filename = true, __dirname = true }
  local proxy = setmetatable({}, {
    __metatable = false,
    __index = function(_, name)
      local value = store[name]
      if value == nil and not ever[name] then
        value = own[name]
        if value == nil then
          value = common[name]
        end
        if value == nil and strict and not known[name] then
          fail({ message = "'" .. native_tostring(name) .. "' is not defined", undefined = native_tostring(name) })
        end
      end
      return value
    end,
    __newindex = function(_, name, value)
      ever[name] = true
      store[name] = value
    end,
  })
  return { proxy = proxy, store = store, own = own }
end

-- ---- has an evaluation changed what later ones see?

local PATIENCE = 20000
local shadows, looked_at = {}, nil

--- Go through all that `root` leads to; `visit(object, key, value)` false stops it.
local function walk(root, visit)
  local seen, queue, n, steps = { [root] = true }, { root }, 1, 0
  local function meet(owner, key, value)
    steps = steps + 1
    local kind = type(value)
    if (kind == "table" or kind == "function") and not seen[value] then
      seen[value] = true
      n = n + 1
      queue[n] = value
    end
    return steps < PATIENCE and visit(owner, key, value)
  end
  local at = 0
  while at < n do
    at = at + 1
    local object = queue[at]
    if type(object) == "table" then
      visit(object)
      for key, value in next, object do
        if not meet(object, key, value) then
          return false
        end
      end
    else
      local info = getinfo(object, "S")
      if info.what ~= "C" and info.source ~= "=prelude" then
        visit(object)
        for i = 1, 200 do
          local name, value = getupvalue(object, i)
          if not name then
            break
          end
          if not meet(object, i, value) then
            return false
          end
        end
      end
    end
  end
  return true
end

--- Remember what `store` looks like; false if that is more than one should look at.
local function remember(store)
  local shadow = {}
  local all = walk(store, function(owner, key, value)
    local mine = shadow[owner]
    if not mine then
      mine = { n = 0, fields = {} }
      shadow[owner] = mine
    end
    if key ~= nil then
      mine.n = mine.n + 1
      mine.fields[key] = value == nil and Failure or value
    end
    return true
  end)
  looked_at = all and store or nil
  shadows = all and shadow or {}
  return all
end

local function is_changed(store)
  if looked_at ~= store then
    return true
  end
  local counts = {}
  local same = walk(store, function(owner, key, value)
    local mine = shadows[owner]
    if not mine then
      return false
    end
    if key == nil then
      counts[owner] = 0
      return true
    end
    counts[owner] = counts[owner] + 1
    if value == nil then
      value = Failure
    end
    return rawequal(mine.fields[key], value)
  end)
  if not same then
    return true
  end
  for owner, count in next, counts do
    if shadows[owner].n ~= count then
      return true
    end
  end
  return false
end

-- ---- what Python calls

local api = {}

--- (message, chunk, line, detail, undefined) of what `pcall` caught.
local function described(fault)
  if type(fault) == "table" then
    if rawequal(getmetatable(fault), false) and fault.message then
      return fault.message, fault.chunk, fault.line, fault.detail, fault.undefined
    end
    local good, text = pcall(encode, fault, 0)
    return good and text or "an error that is a table"
  end
  return native_tostring(fault)
end

function api.environment(...)
  environments[#environments + 1] = new_environment(...)
  return #environments
end

--- A strict environment with the variables of another one.
function api.share(number, file, filename, dirname)
  return api.environment(file, filename, dirname, environments[number].store, true, false)
end

function api.names(number)
  local keys = ordered_keys(environments[number].store)
  return keys
end

function api.store(number)
  return environments[number].store
end

function api.remember(number)
  return remember(environments[number].store)
end

function api.is_changed(number)
  return is_changed(environments[number].store)
end

function api.reseed(seed)
  randomseed(seed)
end

--- Whether `code` is an expression: its source as it can be compiled, or nil and what is wrong.
function api.expression(code)
  local source = "return (" .. code .. "\n)"
  if loadstring(source, "=check") then
    return "(" .. code .. "\n)"
  end
  local fault = select(2, loadstring("return " .. code .. "\n", "=check"))
  if match(code, "^%s*return%f[%W]") and loadstring(code, "=check") then
    return "(function() " .. code .. "\n end)()"
  end
  return nil, fault
end

--- Run the frontmatter. `nil`, or a description of what went wrong.
function api.frontmatter(source, number)
  local env = environments[number]
  local program, fault = loadstring(source, "=Frontmatter")
  if not program then
    return fault
  end
  setfenv(program, env.proxy)
  local good, result = pcall(program)
  if not good then
    return described(result)
  end
  for name in next, env.store do
    -- A library that the frontmatter replaced is its own affair.
    if common[name] ~= nil or env.own[name] ~= nil or type(name) ~= "string" then
      env.store[name] = nil
    end
  end
  if type(result) == "table" and not secrets[result] then
    for name, value in next, result do
      if type(name) == "string" then
        env.store[name] = value
      end
    end
  end
end

--- The text of one expression whose names are those of `store`; or nil and what went wrong.
function api.evaluate(source, file, filename, dirname, store)
  local compute = loadstring("return " .. source, "=Elsewhere")
  setfenv(compute, new_environment(file, filename, dirname, store, true, false).proxy)
  local good, value = pcall(compute)
  if good then
    good, value = pcall(show, value)
  end
  if good then
    return value
  end
  return nil, described(value)
end

--- Run a program of texts, expressions and code. Gives the outcome ("done" or "failed"), the text, the failures of
--- expressions as a list { piece, message, chunk, line, detail, undefined }, and if it failed what went wrong.
function api.render(source, chunk, number, texts)
  local program, fault = loadstring(source, "=" .. chunk)
  if not program then
    return "failed", "", {}, fault
  end
  setfenv(program, environments[number].proxy)
  local failures, failed = {}, {}
  local outer, mine = out, { n = 0 }
  out = mine
  local function put(text)
    mine.n = mine.n + 1
    mine[mine.n] = text
  end
  local function text(i)
    put(texts[i])
  end
  local function expression(i, compute)
    local good, value = pcall(compute)
    if good then
      good, value = pcall(show, value)
    end
    if good then
      return put(value)
    end
    put(texts[i])
    if not failed[i] then
      failed[i] = true
      failures[#failures + 1] = { i, described(value) }
    end
  end
  local function elsewhere(i, ...)
    local known = {}
    for k = 1, select("#", ...) do
      local good, value = pcall((select(k, ...)))
      if good then
        known[k] = value
      end
    end
    expression(i, function()
      return (ask("elsewhere", i, known))
    end)
  end
  local good, problem = pcall(program, text, expression, elsewhere)
  out = outer
  local length = 0
  for i = 1, mine.n do
    length = length + #mine[i]
    if length > LONGEST then
      return "failed", "", {}, "the text is longer than " .. LONGEST .. " bytes"
    end
  end
  if good then
    return "done", concat(mine, "", 1, mine.n), failures
  end
  return "failed", "", failures, described(problem)
end

return api
