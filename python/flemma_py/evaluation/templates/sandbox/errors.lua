-- Errors, and the way to Python. `S.call(name, ...)` never raises, and gives `true, values...` or
-- `false, message, number`: plain values only, so that no Python object is ever in reach of a chat.

local S = ...

local byte, match, sub = string.byte, string.match, string.sub
local error, getinfo, getmetatable, loadstring, pcall = error, debug.getinfo, getmetatable, loadstring, pcall
local rawequal, rawget, setmetatable, tostring, type = rawequal, rawget, setmetatable, tostring, type

--- Compile a text, never bytecode: that knows a way out of every sandbox.
function S.load(source, name)
  if byte(source, 1) == 27 then
    return nil, "this is no Lua source"
  end
  return loadstring(source, name)
end

local Failure = { __metatable = false }

function Failure.__tostring(failure)
  return failure.message
end

--- The chunk of the chat's code that is running, and its line: chunks of a chat have names that begin with a capital.
function S.where(kind)
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

function S.fail(fields)
  fields.chunk, fields.line = S.where()
  error(setmetatable(fields, Failure), 0)
end

local function check(good, first, detail, ...)
  if not good then
    S.fail({ message = first, detail = detail })
  end
  return first, detail, ...
end

--- What Python answers; an error there is an error here.
function S.ask(name, ...)
  return check(S.call(name, ...))
end

--- (message, chunk, line, detail, undefined) of what `pcall` caught.
function S.described(fault)
  if type(fault) == "table" then
    if type(rawget(fault, "message")) == "string" and rawequal(getmetatable(fault), false) then
      return fault.message, fault.chunk, fault.line, fault.detail, fault.undefined
    end
    local good, text = pcall(S.encode, fault, 0)
    return good and text or "an error that is a table"
  end
  return tostring(fault)
end
