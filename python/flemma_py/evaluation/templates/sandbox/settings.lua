-- `flemma.opt`: what is said about settings goes to Python, in the order in which it is said. A setting that is no
-- plain value is a proxy; `+`, `-` and `^` give proxies, too, which say nothing until they are assigned.

local S = ...

local concat, ipairs, next, setmetatable, type, unpack = table.concat, ipairs, next, setmetatable, type, unpack

local secrets = setmetatable({}, { __mode = "k" }) -- proxy -> { path, derived }
local Option = { __metatable = false }

local function option(path, derived)
  local proxy = setmetatable({}, Option)
  secrets[proxy] = { path = path, derived = derived or {} }
  return proxy
end

local function below(path, key)
  if type(key) ~= "string" then
    S.fail({ message = "flemma.opt." .. concat(path, ".") .. " has no " .. type(key) .. " keys" })
  end
  local child = { unpack(path) }
  child[#child + 1] = key
  return child
end

function S.value_of(proxy)
  local secret = secrets[proxy]
  return (S.ask("setting_value", secret.path, secret.derived))
end

local function record(path, action, value)
  if secrets[value] then
    value = S.value_of(value)
  end
  local _, line = S.where()
  S.ask("setting", path, action, value, line)
end

local function derive(proxy, action, value)
  local secret = secrets[proxy]
  if not secret then
    S.fail({ message = "a list of settings stands on the left of +, - and ^" })
  end
  if secrets[value] then
    value = S.value_of(value)
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
      S.fail({ message = "write a colon: flemma.opt.NAME:" .. action .. "(…)" })
    end
    record(secret.path, action, value)
    return proxy
  end
end

function methods.get(proxy)
  if not secrets[proxy] then
    S.fail({ message = "write a colon: flemma.opt.NAME:get()" })
  end
  return S.value_of(proxy)
end

function Option.__index(proxy, key)
  if methods[key] then
    return methods[key]
  end
  local secret = secrets[proxy]
  if type(key) == "number" then
    local list = S.value_of(proxy)
    return type(list) == "table" and list[key] or nil
  end
  local child = below(secret.path, key)
  local scalar = S.ask("setting_scalar", child)
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

S.flemma = setmetatable({}, {
  __metatable = false,
  __index = function(_, key)
    return key == "opt" and option({}) or nil
  end,
  __newindex = function(_, key, values)
    if key ~= "opt" or type(values) ~= "table" then
      S.fail({ message = "only flemma.opt can be set here, to a table" })
    end
    local root = option({})
    for name, value in next, values do
      root[name] = value
    end
  end,
})

--- Whether `value` is a setting.
function S.is_setting(value)
  return secrets[value] ~= nil
end

--- `list`, or the list that a setting is.
function S.items(list)
  return secrets[list] and S.value_of(list) or list
end

function Option.__tostring(proxy)
  return S.encode(proxy, 0)
end
