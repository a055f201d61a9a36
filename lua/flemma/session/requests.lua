--- What the requests of this Neovim used and cost: a plain table that answers at once, with or without a host.
---
--- Costs are never kept: they follow from tokens and from the prices of the moment of the request.

local M = {}

---@class flemma.session.Request
---@field provider string
---@field model string
---@field input_tokens integer read, without what a cache held or took
---@field output_tokens integer
---@field thoughts_tokens integer
---@field cache_read_input_tokens integer
---@field cache_creation_input_tokens integer
---@field cache_creation_1h_input_tokens integer those of them that are kept for an hour
---@field output_has_thoughts boolean output_tokens include thoughts_tokens
---@field input_price number? USD for a million tokens, at that moment; nil: not known
---@field output_price number?
---@field cache_read_price number? nil: as input_price
---@field cache_write_price number?
---@field cache_write_1h_price number? nil: as cache_write_price
---@field cache_read_multiplier number? the same as a factor of input_price
---@field cache_write_multiplier number?
---@field cache_write_1h_multiplier number?
---@field min_cache_tokens integer? the model caches nothing shorter
---@field started_at number? seconds since the epoch, whole microseconds
---@field completed_at number
---@field filepath string? absolute
---@field bufnr integer?
---@field status "completed"|"cancelled"|"errored"|nil how it ended
local Request = {}
Request.__index = Request

---@class flemma.session.Session
---@field requests flemma.session.Request[] in the order in which they ended
local Session = {}
Session.__index = Session

M.Request, M.Session = Request, Session

local MILLION = 1e6
local COUNTS = {
  "input_tokens",
  "output_tokens",
  "thoughts_tokens",
  "cache_read_input_tokens",
  "cache_creation_input_tokens",
  "cache_creation_1h_input_tokens",
}
local RATES = {
  "input_price",
  "output_price",
  "cache_read_price",
  "cache_write_price",
  "cache_write_1h_price",
  "cache_read_multiplier",
  "cache_write_multiplier",
  "cache_write_1h_multiplier",
}

--- A finite number, or nil for anything else (`vim.NIL` of a JSON null, too).
---@param value any
---@return number?
local function finite(value)
  local number = type(value) ~= "boolean" and tonumber(value) or nil
  return number and number == number and math.abs(number) ~= math.huge and number or nil
end

--- JSON keeps sixteen digits: a price is cut to twelve here, so that it comes back as it was.
---@param value number?
---@return number?
local function rate(value)
  return value and tonumber(("%.12g"):format(value))
end

---@param value any
---@return number?
local function microseconds(value)
  local number = finite(value)
  return number and math.floor(number * MILLION + 0.5) / MILLION
end

--- Now, in seconds since the epoch with microseconds.
---@return number
function M.now()
  local seconds, rest = vim.uv.gettimeofday()
  return (seconds * MILLION + rest) / MILLION
end

--- Fill in the price of a cache from its multiplier, or the other way round; where both are given, both stay.
local function complete(request, cache)
  local price, multiplier = cache .. "_price", cache .. "_multiplier"
  local input = request.input_price
  if not input then
    return
  end
  if request[price] == nil and request[multiplier] then
    request[price] = rate(request[multiplier] * input)
  elseif request[multiplier] == nil and request[price] and input ~= 0 then
    request[multiplier] = rate(request[price] / input)
  end
end

--- A request from a table of its fields, which stays as it is. Fields of a later version are kept.
---@param opts table
---@return flemma.session.Request
function Request.new(opts)
  assert(type(opts) == "table", "a request of the session is a table of its fields")
  local request = {}
  for name, value in pairs(opts) do
    if value ~= vim.NIL and type(value) ~= "function" and type(value) ~= "userdata" then
      request[name] = value
    end
  end
  for _, name in ipairs(COUNTS) do
    request[name] = finite(request[name]) or 0
  end
  for _, name in ipairs(RATES) do
    request[name] = rate(finite(request[name]))
  end
  complete(request, "cache_read")
  complete(request, "cache_write")
  complete(request, "cache_write_1h")
  request.min_cache_tokens = finite(request.min_cache_tokens)
  request.output_has_thoughts = request.output_has_thoughts == true
  request.started_at = microseconds(request.started_at)
  request.completed_at = microseconds(request.completed_at) or M.now()
  return setmetatable(request, Request)
end

--- Whether a price was known when the request was made.
---@return boolean
function Request:has_price()
  return self.input_price ~= nil and self.output_price ~= nil
end

--- USD; 0 where no price is known.
---@return number
function Request:get_input_cost()
  local input = self.input_price or 0
  local read = self.cache_read_price or input
  local write = self.cache_write_price or input
  local hour = self.cache_write_1h_price or write
  local for_hours = math.min(self.cache_creation_1h_input_tokens, self.cache_creation_input_tokens)
  local written = (self.cache_creation_input_tokens - for_hours) * write + for_hours * hour
  return (self.input_tokens * input + self.cache_read_input_tokens * read + written) / MILLION
end

---@return number
function Request:get_output_cost()
  return self:get_total_output_tokens() * (self.output_price or 0) / MILLION
end

---@return number
function Request:get_total_cost()
  return self:get_input_cost() + self:get_output_cost()
end

--- All tokens read, those of a cache included.
---@return integer
function Request:get_total_input_tokens()
  return self.input_tokens + self.cache_read_input_tokens + self.cache_creation_input_tokens
end

--- How much of what was read a cache had, in whole per cent, rounded down. nil where there is nothing to tell: nothing
--- was read, or less than the model caches at all.
---@return integer?
function Request:get_cache_percentage()
  local total = self:get_total_input_tokens()
  local percentage = total > 0 and math.floor(self.cache_read_input_tokens * 100 / total) or nil
  if percentage == 0 and total < (self.min_cache_tokens or 0) then
    return nil
  end
  return percentage
end

--- All tokens written, thoughts included, each once.
---@return integer
function Request:get_total_output_tokens()
  return self.output_has_thoughts and self.output_tokens or self.output_tokens + self.thoughts_tokens
end

---@return flemma.session.Session
function Session.new()
  return setmetatable({ requests = {} }, Session)
end

--- Add a request that is over: the fields of `flemma.session.Request`; only `provider` and `model` are needed.
---@param opts table
function Session:add_request(opts)
  table.insert(self.requests, Request.new(opts))
end

--- Put other requests in place of all there are: a list of tables as `add_request` takes them. None is lost where one
--- of them is no such table.
---@param list table[]
function Session:load(list)
  assert(type(list) == "table" or list == vim.NIL, "Session:load() wants a list of requests")
  local requests = {}
  for _, opts in ipairs(list == vim.NIL and {} or list) do
    requests[#requests + 1] = Request.new(opts)
  end
  self.requests = requests
end

--- Forget all requests.
function Session:reset()
  self.requests = {}
end

---@return integer
function Session:get_request_count()
  return #self.requests
end

--- `Session:get_total_…`: the sum of a method, or of a field, over all requests.
for name, part in pairs({
  get_total_input_tokens = Request.get_total_input_tokens,
  get_total_output_tokens = Request.get_total_output_tokens,
  get_total_thoughts_tokens = function(request)
    return request.thoughts_tokens
  end,
  get_total_input_cost = Request.get_input_cost,
  get_total_output_cost = Request.get_output_cost,
  get_total_cost = Request.get_total_cost,
}) do
  Session[name] = function(self)
    local sum = 0
    for _, request in ipairs(self.requests) do
      sum = sum + part(request)
    end
    return sum
  end
end

---@return flemma.session.Request?
function Session:get_latest_request()
  return self.requests[#self.requests]
end

--- The last request of the chat in this file, nil if there is none.
---@param filepath string? absolute
---@return flemma.session.Request?
function Session:get_latest_request_for_filepath(filepath)
  for index = #self.requests, 1, -1 do
    if filepath and self.requests[index].filepath == filepath then
      return self.requests[index]
    end
  end
end

local session = Session.new()

--- The session of this Neovim: one for all chats.
---@return flemma.session.Session
function M.get()
  return session
end

return M
