-- What modules of the owner's bring: names beside those of the libraries, and in their place.
--
-- Their data is plain tables, so that all that Lua has works with it, and each message gets a copy of its own: what one
-- does to it is no business of the next.

local S = ...

local concat, next, rawequal, select, setmetatable, type = table.concat, next, rawequal, select, setmetatable, type

S.brought = {} -- names of `S.common` that a module set
local later = {} -- name -> number of a table that nobody has asked for yet
local masters = {} -- tables that are given out as copies only
local copies -- variables of a file or a library -> master -> copy

--- Another message begins.
function S.forget_copies()
  copies = setmetatable({}, { __mode = "k" })
end

S.forget_copies()

local function copied(value)
  if type(value) ~= "table" then
    return value
  end
  local copy = {}
  for key, item in next, value do
    copy[key] = copied(item)
  end
  return copy
end

--- `value`, or the copy of it that is `owner`'s until the next message.
local function own_copy(owner, value)
  if not masters[value] then
    return value
  end
  local mine = copies[owner]
  if not mine then
    mine = {}
    copies[owner] = mine
  end
  mine[value] = mine[value] or copied(value)
  return mine[value]
end

--- What a name stands for in every file, for the one with the variables `store`.
function S.known_to_all(store, name)
  local number = later[name]
  if number then
    later[name] = nil
    local value = S.ask("brought", number)
    masters[value] = true
    S.common[name] = value
  end
  local value = S.common[name]
  if value == nil or not S.brought[name] then
    return value
  end
  return own_copy(store, value)
end

--- Whether `value` is what `name` stands for in every file.
function S.is_known_to_all(store, name, value)
  return store[name] == nil and value ~= nil and rawequal(value, S.known_to_all(store, name))
end

--- Set a name of all files, or a field of one of the libraries; nil takes it away.
function S.bring(path, value)
  local n = #path
  local name = path[n]
  if n == 1 then
    S.common[name], S.brought[name], later[name] = value, value ~= nil or nil, nil
    return
  end
  local library = S.libraries[concat(path, ".", 1, n - 1)]
  if library then
    library.fields[name] = value
    if type(value) == "table" then
      masters[value] = true
      library.meta.__index = function(_, key)
        return own_copy(library, library.fields[key])
      end
    end
  end
end

--- Set a name of all files to a table, which is asked for by this number when it is first wanted.
function S.bring_later(name, number)
  S.common[name], S.brought[name], later[name] = nil, true, number
end

--- What calls the function of this number, where it lives.
function S.function_of_module(number)
  return function(...)
    return (S.ask("module", number, select("#", ...), ...))
  end
end
