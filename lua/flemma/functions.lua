--- Functions of the user's that the host may want called: they stay here, and the host knows their numbers.
---
--- Each call runs from a scheduled callback and is answered by a message. The host waits for that no longer than it
--- said; a call that comes to its turn later than that is not made at all.

local M = {}

--- In a table that the host gets: the number stands for a function.
M.MARK = "flemma:function"

---@class (exact) flemma.Function
---@field run function
---@field callback boolean it gets a function behind its arguments and answers through that

---@type table<integer, flemma.Function>
local kept = {}
local last = 0

--- Keep a function and give its number. With `callback` it answers by calling what it gets behind its arguments.
---@param fn function
---@param opts? { callback?: boolean }
---@return integer
function M.add(fn, opts)
  last = last + 1
  kept[last] = { run = fn, callback = opts ~= nil and opts.callback == true }
  return last
end

---@param id integer
function M.remove(id)
  kept[id] = nil
end

--- The function of a number, if it is still kept.
---@param id integer
---@return function?
function M.get(id)
  return kept[id] and kept[id].run
end

--- What Python calls None is nothing in Lua, in tables too.
---@param value any
---@return any
function M.without_nil(value)
  if value == vim.NIL then
    return nil
  end
  -- An empty table keeps its metatable: that says whether it is a list.
  if type(value) ~= "table" or next(value) == nil then
    return value
  end
  local copy = {}
  for key, item in pairs(value) do
    copy[key] = M.without_nil(item)
  end
  return copy
end

---@param call integer
---@param what { value: any, problem: string? }
local function answer(call, what)
  local host = require("flemma.host")
  local payload = { call = call, value = what.value, problem = what.problem }
  -- What cannot be sent (a function, a table that holds itself) makes the message fail.
  if not host.send("answer", payload) then
    host.send("answer", { call = call, problem = "gave something that is no plain value" })
  end
end

---@param payload { call: integer, id: integer, args: any[], count: integer, deadline: number }
local function run(payload)
  local fn, answered = kept[payload.id], false
  if not fn then
    return answer(payload.call, { problem = "is gone: setup() was called again" })
  end
  local function done(value)
    if not answered then
      answered = true
      answer(payload.call, { value = value })
    end
  end
  local args = {}
  for index = 1, payload.count do
    args[index] = M.without_nil(payload.args[index])
  end
  local count = payload.count
  if fn.callback then
    count = count + 1
    args[count] = done
  end
  local ok, value = pcall(fn.run, unpack(args, 1, count))
  if not ok then
    answered = true
    answer(payload.call, { problem = "failed: " .. tostring(value) })
  elseif not fn.callback then
    done(value)
  end
end

--- The host wants a function called.
---@param payload { call: integer, id: integer, args: any[], count: integer, deadline: number } seconds
function M.call(payload)
  local came = vim.uv.hrtime()
  vim.schedule(function()
    if (vim.uv.hrtime() - came) / 1e9 > payload.deadline then
      return
    end
    -- An error in a scheduled callback would raise a prompt that stops every answer.
    local ok, problem = pcall(run, payload)
    if not ok then
      pcall(answer, payload.call, { problem = tostring(problem) })
    end
  end)
end

return M
