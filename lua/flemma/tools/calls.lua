--- Runs tools that Lua registered: the host asks, a scheduled callback runs, and the result is a message.
---
--- `execute` is called with `(input)`, with `(input, callback)` if it is `async` and names at most two parameters, and
--- with `(input, ctx, callback)` if it names three. What it gives is its result, or a function that cancels it. A call
--- ends once: what comes after its result, its timeout or its cancelling is for nobody.

local M = {}

--- Bytes of a result: what is longer is cut before it is sent.
local LONGEST = 8 * 1024 * 1024

---@class (exact) flemma.ToolCall
---@field cancel function? what `execute` gave to be cancelled with
---@field begun boolean

---@type table<integer, flemma.ToolCall> those that have not ended, by the host's number
local calls = {}
local watching = false

---@class (exact) flemma.ToolAnswer
---@field output string?
---@field json boolean? the output is JSON
---@field problem string? why there is no result, to be read behind the tool's name
---@field error string? what it says itself of its failure
---@field size integer? bytes that there were, where the output was cut

---@param value any
---@return string? text, boolean? json, string? problem
local function text_of(value)
  if value == nil or value == vim.NIL then
    return nil
  end
  if type(value) == "string" then
    return value
  end
  if type(value) ~= "table" then
    return tostring(value)
  end
  local ok, text = pcall(vim.json.encode, value)
  if ok then
    return text, true
  end
  return nil, nil, ("gave something that is no plain data (%s)"):format(tostring(text))
end

--- What came of a run, as the host is told.
---@param value any what `execute` gave, or handed to its callback
---@return flemma.ToolAnswer
local function answer_of(value)
  if value == nil or value == vim.NIL then
    return { problem = "returned no result" }
  end
  local structured = type(value) == "table"
    and (type(value.success) == "boolean" or value.error ~= nil or value.output ~= nil)
  local failed = structured and (value.success == false or (value.success == nil and value.error ~= nil))
  local output, json, problem
  if structured then
    output, json, problem = text_of(value.output)
  else
    output, json, problem = text_of(value)
  end
  local size = output and #output > LONGEST and #output or nil
  if size and json then
    output, problem = nil, ("gave %d bytes of JSON, of which at most %d are taken"):format(size, LONGEST)
  elseif size then
    output = output:sub(1, LONGEST)
  end
  local words = failed and text_of(value.error) or nil
  if words == "" then
    words = nil
  end
  if failed and not words then
    problem = problem or "failed, and did not say why"
  end
  return { output = output, json = json, problem = problem, error = words, size = size }
end

--- A call has ended: with a result, if it has not ended before.
---@param number integer
---@param answer flemma.ToolAnswer
local function finish(number, answer)
  if not calls[number] then
    return
  end
  calls[number] = nil
  require("flemma.host").send("tool_answer", vim.tbl_extend("force", answer, { call = number }))
end

--- In the main loop, where the API may be used; an error there would raise a prompt that stops every answer.
---@param fn fun()
---@param on_problem fun(problem: any)
local function safely(fn, on_problem)
  vim.schedule(function()
    local ok, problem = pcall(fn)
    if not ok then
      pcall(on_problem, problem)
    end
  end)
end

--- Cancel a call whose result nobody wants any more.
---@param number integer
local function stop(number)
  local call = calls[number]
  calls[number] = nil
  if call and call.cancel then
    local ok, problem = pcall(call.cancel)
    if not ok then
      require("flemma.notify").warn(("what cancels a tool call failed: %s"):format(tostring(problem)))
    end
  end
end

--- Neovim ends: what runs is cancelled, so that nothing outlives it.
local function watch_the_end()
  if watching then
    return
  end
  watching = true
  vim.api.nvim_create_autocmd("VimLeavePre", {
    group = vim.api.nvim_create_augroup("flemma.tools", {}),
    callback = M.stop_all,
  })
end

---@param payload table
local function run(payload)
  local number = payload.call
  local call = calls[number]
  -- It was stopped before its turn came.
  if not call then
    return
  end
  local functions, definition = require("flemma.functions"), require("flemma.tools.definition")
  local execute = functions.get(payload.id)
  if not execute then
    return finish(number, { problem = "is gone: it was cleared, or registered anew" })
  end
  call.begun = true
  watch_the_end()
  local input = functions.without_nil(payload.input)
  local context = require("flemma.tools.context").make(payload)
  local count = definition.parameters(execute)
  local is_async = payload.async or count >= 3
  local function callback(value)
    -- Perhaps from a callback of libuv, where little is allowed; and what it gave may change until then.
    local answer = answer_of(value)
    safely(function()
      finish(number, answer)
    end, function(problem)
      finish(number, { problem = tostring(problem) })
    end)
  end
  local second = context ---@type any
  if is_async and count <= 2 then
    second = callback
  end
  local ok, value = pcall(execute, input, second, is_async and callback or nil)
  if not ok then
    return finish(number, { problem = "failed: " .. tostring(value) })
  end
  if not is_async then
    return finish(number, answer_of(value))
  end
  if type(value) == "function" then
    if calls[number] then
      call.cancel = value
    end
  elseif type(value) == "table" and type(value.success) == "boolean" then
    -- It knew at once.
    finish(number, answer_of(value))
  end
end

--- The host wants a tool run.
---@param payload table
function M.run(payload)
  calls[payload.call] = { begun = false }
  safely(function()
    run(payload)
  end, function(problem)
    finish(payload.call, { problem = "failed: " .. tostring(problem) })
  end)
end

--- The host wants it no more: the user stopped it, or its time is over.
---@param number integer
function M.stop(number)
  safely(function()
    stop(number)
  end, function() end)
end

--- Cancel all: the host is gone, or Neovim ends.
function M.stop_all()
  for _, number in ipairs(vim.tbl_keys(calls)) do
    stop(number)
  end
end

--- How many run.
---@return integer
function M.count()
  return vim.tbl_count(calls)
end

return M
