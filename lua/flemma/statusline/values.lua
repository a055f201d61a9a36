--- What is known of a chat, as one plain table for status lines: put together from what others keep, asking nobody.

local M = {}

---@class (exact) flemma.Status what `require("flemma").status()` gives; shared, so it is not to be changed
---@field bufnr integer
---@field booting boolean the host is not there yet: what it tells is missing or old
---@field problem string? why nobody would answer
---@field provider { name: string? }
---@field model { name: string?, max_input_tokens: integer?, max_output_tokens: integer? }
---@field thinking flemma.status.Thinking
---@field session { cost: number, requests: integer, tokens: flemma.status.Tokens } all chats of this Neovim
---@field last flemma.status.Last? the last request of this chat
---@field buffer { tokens: { input: integer?, exact: boolean, text: string? } } what the next request would take
---@field busy flemma.status.Busy? nil: the chat is idle
---@field tools { running: integer, waiting: integer } calls
---@field autopilot flemma.Flight?
---@field attention flemma.Attention? why this chat wants to be looked at
---@field waiting integer how many chats want that

---@class (exact) flemma.status.Thinking
---@field enabled boolean
---@field asked boolean setup(), a switch or the chat said so
---@field level string?
---@field budget integer? tokens

---@class (exact) flemma.status.Tokens
---@field input integer
---@field output integer

---@class (exact) flemma.status.Last
---@field provider string
---@field model string
---@field status string?
---@field cost number? USD; nil where no price is known
---@field cache integer? per cent of the input that came from a cache
---@field tokens flemma.status.Tokens

---@class (exact) flemma.status.Busy
---@field phase "waiting"|"thinking"|"streaming"|"tool"|"running"
---@field label string? words in place of the phase
---@field tool string? whose call is written
---@field since number? milliseconds of vim.uv.now()

---@param bufnr integer
---@return flemma.status.Last?
local function last_request(bufnr)
  local session = require("flemma.session").get()
  local name, found = vim.api.nvim_buf_get_name(bufnr), nil
  for index = #session.requests, 1, -1 do
    local request = session.requests[index]
    if request.bufnr == bufnr or (name ~= "" and request.filepath == name) then
      found = request
      break
    end
  end
  return found
    and {
      provider = found.provider,
      model = found.model,
      status = found.status,
      cost = found:has_price() and found:get_total_cost() or nil,
      cache = found:get_cache_percentage(),
      tokens = { input = found:get_total_input_tokens(), output = found:get_total_output_tokens() },
    }
end

---@param bufnr integer
---@return flemma.status.Busy?
local function busy(bufnr)
  if not require("flemma.buffer").is_busy(bufnr) then
    return nil
  end
  local activity = require("flemma.ui.spinner").activity(bufnr) or {}
  return {
    phase = activity.phase or "waiting",
    label = activity.label,
    tool = activity.tool ~= "" and activity.tool or nil,
    since = activity.since,
  }
end

---@param bufnr integer
---@return { running: integer, waiting: integer }
local function calls(bufnr)
  local count = { running = 0, waiting = 0 }
  for _, call in ipairs(require("flemma.running").list(bufnr)) do
    local kind = call.waiting and "waiting" or "running"
    count[kind] = count[kind] + 1
  end
  return count
end

--- All that is known of a chat now.
---@param bufnr integer
---@return flemma.Status
function M.gather(bufnr)
  local settings, state, attention = require("flemma.settings"), require("flemma.state"), require("flemma.attention")
  local session = require("flemma.session").get()
  local estimate, standing = state.estimate(bufnr), state.standing(bufnr)
  local from_setup = standing == nil
  standing = standing or {}
  local model = settings.get("model")
  return {
    bufnr = bufnr,
    booting = from_setup or not require("flemma.host").status().ready,
    problem = standing.problem,
    provider = { name = from_setup and settings.get("provider") or standing.provider },
    model = {
      -- A preset is no model's name; the host says which it means.
      name = from_setup and (type(model) == "string" and not vim.startswith(model, "$") and model or nil)
        or standing.model,
      max_input_tokens = standing.max_input_tokens,
      max_output_tokens = standing.max_output_tokens,
    },
    thinking = standing.thinking or { enabled = false, asked = false },
    session = {
      cost = session:get_total_cost(),
      requests = session:get_request_count(),
      tokens = { input = session:get_total_input_tokens(), output = session:get_total_output_tokens() },
    },
    last = last_request(bufnr),
    buffer = {
      tokens = {
        input = estimate and estimate.tokens,
        exact = estimate ~= nil and estimate.exact,
        text = estimate and estimate.text,
      },
    },
    busy = busy(bufnr),
    tools = calls(bufnr),
    autopilot = state.autopilot(bufnr),
    attention = attention.list()[bufnr],
    waiting = attention.count(),
  }
end

--- Zero says nothing in a status line.
local function without_zeros(value)
  if type(value) ~= "table" then
    return value ~= 0 and value or nil
  end
  local copy = {}
  for key, item in pairs(value) do
    copy[key] = without_zeros(item)
  end
  return copy
end

--- What a format has to write with: the status without its zeros, tables where there may be something, and functions
--- that write numbers and leave nil as it is.
---@param status flemma.Status
---@return table<string, any>
function M.for_format(status)
  local values = without_zeros(status)
  values.last = values.last or { tokens = {} }
  values.busy = values.busy or {}
  values.autopilot = values.autopilot or {}
  function values.money(dollars)
    return dollars and require("flemma.ui.usage_bar").money(dollars)
  end
  function values.commas(number)
    return number and require("flemma.ui.usage").commas(number)
  end
  return values
end

return M
