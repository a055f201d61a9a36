--- What this Neovim knows without asking anybody: the session's counters, and how many tokens each chat is about.

local M = {}

---@class (exact) flemma.Estimate
---@field tokens integer input tokens that the next request would take
---@field exact boolean somebody has counted them; otherwise they are reckoned
---@field text string as a status line shows them: `~1,234`

---@type table<integer, flemma.Estimate>
local estimates = {}

--- Zero the counters of tokens and costs, without restarting Neovim.
function M.reset_session()
  require("flemma.session").get():reset()
end

--- About how many tokens a chat is. nil: nothing is known of it, as no host has seen it yet.
---@param bufnr? integer default: the current buffer
---@return flemma.Estimate?
function M.estimate(bufnr)
  bufnr = (bufnr == nil or bufnr == 0) and vim.api.nvim_get_current_buf() or bufnr
  return estimates[bufnr]
end

--- The host's figure for a chat.
---@param payload { buf: integer, tokens: integer, exact: boolean }
function M.receive_estimate(payload)
  if not vim.api.nvim_buf_is_loaded(payload.buf) then
    return
  end
  local commas = ("%d"):format(payload.tokens):reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", "")
  estimates[payload.buf] = {
    tokens = payload.tokens,
    exact = payload.exact,
    text = (payload.exact and "" or "~") .. commas,
  }
  require("flemma.announce").announce(payload.buf, "FlemmaUsageEstimated", {})
end

---@class (exact) flemma.Flight how autopilot stands in a chat
---@field state "armed"|"sending"|"paused" it decides or runs calls, it waits for the model, or for the user
---@field rounds integer requests that it has made
---@field max_turns integer that it may make

---@type table<integer, flemma.Flight>
local flights = {}

--- What autopilot is at. nil: nothing.
---@param bufnr? integer default: the current buffer
---@return flemma.Flight?
function M.autopilot(bufnr)
  return flights[(bufnr == nil or bufnr == 0) and vim.api.nvim_get_current_buf() or bufnr]
end

---@param payload { buf: integer, state: string, rounds: integer, max_turns: integer }
function M.receive_flight(payload)
  local flight = { state = payload.state, rounds = payload.rounds, max_turns = payload.max_turns }
  flights[payload.buf] = payload.state ~= "idle" and flight or nil
  if vim.api.nvim_buf_is_loaded(payload.buf) then
    require("flemma.announce").announce(payload.buf, "FlemmaAutopilotChanged", { state = payload.state })
  end
end

--- The host is gone, and with it what it was at.
function M.land()
  for buf in pairs(flights) do
    M.receive_flight({ buf = buf, state = "idle", rounds = 0, max_turns = 0 })
  end
end

--- A chat is gone.
---@param bufnr integer
function M.forget(bufnr)
  estimates[bufnr] = nil
  flights[bufnr] = nil
  if package.loaded["flemma.session.current"] then
    require("flemma.session.current").forget(bufnr)
  end
end

--- Tell how many tokens the next request of the current chat would take, counted by its vendor where that counts.
function M.ask_estimate()
  local notify, buf = require("flemma.notify"), vim.api.nvim_get_current_buf()
  if vim.bo[buf].filetype ~= "chat" then
    return notify.warn("this buffer is not a chat: name it with the ending .chat or :set filetype=chat")
  end
  if require("flemma.buffer").is_busy(buf) then
    return notify.warn("this chat is still busy: <C-c> or :Flemma cancel ends that")
  end
  if require("flemma.host").ensure() then
    require("flemma.buffer.watch").flush(buf)
    require("flemma.host").send("estimate", { buf = buf })
  end
end

return M
