--- What the host pushed about the sessions of chats, by buffer: read at once, whenever somebody asks.

local api = vim.api

local M = {}

---@class (exact) flemma.session.Facts what the host knows of a chat's session; nil: not known (yet)
---@field id string?
---@field dir string? absolute
---@field created_at_ms integer?
---@field cwd string?
---@field cost number? USD
---@field tokens flemma.session.Tokens?
---@field context_tokens integer?
---@field context_window integer?
---@field system string?

---@class (exact) flemma.session.Tokens
---@field input integer read outside of any cache
---@field output integer
---@field cache_read integer
---@field cache_write integer
---@field reasoning integer
---@field total integer input and output
---@field cache_hit_ratio number? nil: nothing was read

---@type table<integer, flemma.session.Facts>
local facts = {}

--- The facts that changed; `vim.NIL` for one that is not known any more.
---@param payload { buf: integer, values: table }
function M.receive(payload)
  local known = facts[payload.buf] or {}
  facts[payload.buf] = known
  for name, value in pairs(payload.values) do
    if value == vim.NIL then
      known[name] = nil
    else
      known[name] = value
    end
  end
end

---@param buf integer
function M.forget(buf)
  facts[buf] = nil
end

---@param buf integer
---@return flemma.session.Facts
function M.facts(buf)
  return facts[buf] or {}
end

--- The buffer whose chat has this session here.
---@param id string
---@return integer?
function M.buffer_of(id)
  for buf, known in pairs(facts) do
    if known.id == id then
      return buf
    end
  end
end

--- The chat that is meant: a buffer, or the current one. From a picker over a chat: the one below it.
---@param buf? integer
---@return integer? chat
---@return string? why there is none
function M.chat(buf)
  local chats = require("flemma.buffer")
  if buf ~= nil and buf ~= 0 then
    if type(buf) == "number" and chats.is_chat(buf) then
      return buf
    end
    return nil, ("buffer %s is not a chat"):format(tostring(buf))
  end
  local here = api.nvim_get_current_buf()
  if chats.is_chat(here) then
    return here
  end
  local before = vim.fn.win_getid(vim.fn.winnr("#"))
  local below = before ~= 0 and api.nvim_win_get_buf(before) or here
  if vim.bo[here].buftype ~= "" and chats.is_chat(below) then
    return below
  end
  return nil, "this buffer is not a chat: name it with the ending .chat or :set filetype=chat"
end

--- What the requests of a chat used, where no host has told: those of this Neovim.
---@param buf integer
---@return flemma.session.Tokens
---@return number cost
local function counted(buf)
  local sums = { input = 0, output = 0, cache_read = 0, cache_write = 0, reasoning = 0 }
  local cost = 0
  for _, request in ipairs(require("flemma.session.requests").get().requests) do
    if request.bufnr == buf then
      sums.input = sums.input + request.input_tokens
      sums.output = sums.output + request:get_total_output_tokens()
      sums.cache_read = sums.cache_read + request.cache_read_input_tokens
      sums.cache_write = sums.cache_write + request.cache_creation_input_tokens
      sums.reasoning = sums.reasoning + request.thoughts_tokens
      cost = cost + request:get_total_cost()
    end
  end
  return sums, cost
end

--- All tokens of the session so far.
---@param buf integer
---@return flemma.session.Tokens
function M.tokens(buf)
  local tokens = vim.deepcopy(M.facts(buf).tokens) or counted(buf)
  tokens.total = tokens.input + tokens.output
  local read = tokens.input + tokens.cache_read
  tokens.cache_hit_ratio = read > 0 and tokens.cache_read / read or nil
  return tokens
end

--- What the session has cost so far, in USD.
---@param buf integer
---@return number
function M.cost(buf)
  local known = M.facts(buf).cost
  if known then
    return known
  end
  local _, cost = counted(buf)
  return cost
end

--- Where the session began: a folder that stays.
---@param buf integer
---@return string
function M.cwd(buf)
  return M.facts(buf).cwd or vim.fn.getcwd()
end

--- The other facts are as the host told them.
for _, name in ipairs({ "context_tokens", "context_window", "created_at_ms", "dir", "id", "system" }) do
  ---@param buf integer
  M[name] = function(buf)
    return M.facts(buf)[name]
  end
end

---@class (exact) flemma.session.Info: flemma.session.Facts
---@field bufnr integer
---@field chat_path string? nil: the chat has no file
---@field turns integer

---@param buf integer
---@return flemma.session.Info
function M.info(buf)
  local path = api.nvim_buf_get_name(buf)
  local info = {
    bufnr = buf,
    chat_path = path ~= "" and path or nil,
    turns = #require("flemma.session.turns").turns(buf),
  }
  for _, name in ipairs({ "cost", "cwd", "tokens" }) do
    info[name] = M[name](buf)
  end
  for _, name in ipairs({ "context_tokens", "context_window", "created_at_ms", "dir", "id", "system" }) do
    info[name] = M[name](buf)
  end
  return info
end

return M
