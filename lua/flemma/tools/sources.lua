--- Sources of tools that take their time: a function is handed `register` and `done`, and sends wait until it is done.
---
--- One that never says so is done when its time is over; what it registers later counts all the same. After `forget`
--- nothing that was begun before counts any more.

local M = {}

---@class (exact) flemma.ToolSource
---@field label string what it is called in notices
---@field deadline number milliseconds of vim.uv.now()
---@field timer uv.uv_timer_t

---@type table<integer, flemma.ToolSource> those that are not done, by number
local pending = {}
local last = 0
local generation = 0

--- What a source calls itself in notices and in `:Flemma status`, and how many seconds are left.
---@return { label: string, seconds: number }[]
function M.pending()
  local list = {}
  for _, source in vim.spairs(pending) do
    list[#list + 1] = { label = source.label, seconds = math.max(0, (source.deadline - vim.uv.now()) / 1000) }
  end
  return list
end

---@return boolean
function M.is_ready()
  return next(pending) == nil
end

--- Call `resolve(register, done)`. `put` takes what it registers, `changed` is told when it is done.
---@param label string
---@param resolve fun(register: fun(name: string, definition: table), done: fun(problem?: any)): any
---@param timeout number seconds
---@param put fun(name: any, definition: any)
---@param changed fun()
function M.begin(label, resolve, timeout, put, changed)
  last = last + 1
  local id, born, timer = last, generation, assert(vim.uv.new_timer())
  local milliseconds = math.floor(timeout * 1000)
  pending[id] = { label = label, deadline = vim.uv.now() + milliseconds, timer = timer }

  local function finish(problem)
    if born ~= generation or not pending[id] then
      return
    end
    pending[id] = nil
    timer:stop()
    timer:close()
    if problem ~= nil then
      require("flemma.notify").warn(("the tools of %s may be missing: %s"):format(label, tostring(problem)))
    end
    changed()
  end

  timer:start(milliseconds, 0, function()
    finish(("it was not done within %g s"):format(timeout))
  end)
  changed()
  local function register(name, definition)
    if born == generation then
      put(name, definition)
    end
  end
  local ok, problem = pcall(resolve, register, finish)
  if not ok then
    finish(problem)
  end
end

--- Nobody waits any more for what was begun.
function M.forget()
  generation = generation + 1
  for _, source in pairs(pending) do
    source.timer:stop()
    source.timer:close()
  end
  pending = {}
end

return M
