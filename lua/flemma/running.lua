--- The tool calls that run now, as the host told: listed and counted here, so that nobody has to ask it.

local M = {}

---@class (exact) flemma.RunningCall
---@field id string
---@field name string
---@field since number milliseconds of vim.uv.now() at which it was asked for
---@field begun number? the same, at which it began
---@field timeout number? seconds that it has
---@field waiting boolean it has not begun

---@type table<integer, flemma.RunningCall[]> by buffer, in the order in which they were asked for
local calls = {}

---@param list flemma.RunningCall[]
---@param id string
---@return integer?
local function place(list, id)
  for index, call in ipairs(list) do
    if call.id == id then
      return index
    end
  end
end

---@param buf integer
---@param call flemma.RunningCall
---@param event string
---@param status? string
local function announce(buf, call, event, status)
  require("flemma.announce").announce(buf, event, { tool_name = call.name, tool_id = call.id, status = status })
end

--- A call was asked for, has begun, or has ended.
---@param payload { buf: integer, id: string, name: string, status: string, timeout: number? } a status as it is told by
---the host: `waiting`, `executing`, `success` or `error`
function M.receive(payload)
  local buf = payload.buf
  local list = calls[buf] or {}
  calls[buf] = list
  local at = place(list, payload.id)
  if payload.status == "waiting" or (payload.status == "executing" and not at) then
    at = at or #list + 1
    list[at] = { id = payload.id, name = payload.name, since = vim.uv.now(), waiting = payload.status == "waiting" }
  end
  local call = at and list[at]
  if not call then
    return
  end
  if payload.status == "executing" then
    call.waiting, call.begun, call.timeout = false, vim.uv.now(), payload.timeout
    announce(buf, call, "FlemmaToolExecuting")
  elseif payload.status ~= "waiting" then
    table.remove(list, at)
    calls[buf] = #list > 0 and list or nil
    if not call.waiting then
      announce(buf, call, "FlemmaToolFinished", payload.status)
    end
  end
end

--- The calls of a chat that have not ended.
---@param buf integer
---@return flemma.RunningCall[]
function M.list(buf)
  return vim.deepcopy(calls[buf] or {})
end

--- The host is gone, and with it all that it ran: what that was, by buffer. Whether a call that was cut had done its
--- work nobody knows, so its block says so.
---@return table<integer, flemma.RunningCall[]>
function M.lost()
  require("flemma.state").land()
  require("flemma.buffer.blocks").host_died()
  local gone = calls
  calls = {}
  for buf, list in pairs(gone) do
    for _, call in ipairs(list) do
      if not call.waiting then
        announce(buf, call, "FlemmaToolFinished", "error")
      end
    end
  end
  return gone
end

--- `:Flemma tool:list`
function M.show()
  local list = calls[vim.api.nvim_get_current_buf()]
  if not list then
    return require("flemma.notify").info("no tool call of this chat runs")
  end
  local now = vim.uv.now()
  local lines = { #list == 1 and "one tool call:" or ("%d tool calls:"):format(#list) }
  for _, call in ipairs(list) do
    local state = call.waiting and "waits its turn" or require("flemma.ui.activity").elapsed(now - call.since)
    lines[#lines + 1] = ("  %-20s %-14s %s"):format(call.name, state, call.id)
  end
  -- Asked for, and as long as `:ls`: the user may press a key when it has been read.
  vim.api.nvim_echo({ { "Flemma " .. table.concat(lines, "\n") } }, false, {})
end

---@param what { line: integer? } a line, or all
local function stop(what)
  local buf = vim.api.nvim_get_current_buf()
  if not calls[buf] then
    return require("flemma.notify").info("no tool call of this chat runs")
  end
  require("flemma.host").send("stop_tools", { buf = buf, line = what.line })
end

--- `:Flemma tool:cancel`: stop the call at the cursor.
function M.cancel_at_cursor()
  stop({ line = vim.api.nvim_win_get_cursor(0)[1] - 1 })
end

--- `:Flemma tool:cancel-all`
function M.cancel_all()
  stop({})
end

return M
