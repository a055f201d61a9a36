--- What is taken of the limits that hold for a chat, as the host told before its last request and after it.

local M = {}

---@class (exact) flemma.Fund USD
---@field scope "file"|"day"|"project"
---@field limit number
---@field spent number
---@field in_flight number at worst, by other requests that are under way
---@field left number never below nought
---@field share number the part of the limit that is taken; `math.huge` where there is none to take
---@field estimated boolean nobody counted a part of it
---@field unpriced integer requests of which nobody knows a price
---@field text string `$0.19 of $0.50 left for this chat`

---@type table<integer, flemma.Fund[]>
local funds = {}

--- All limits of a chat, in the order file, day, project. Empty: none is set, or nothing was sent yet.
---@param bufnr? integer default: the current buffer
---@return flemma.Fund[]
function M.all(bufnr)
  bufnr = (bufnr == nil or bufnr == 0) and vim.api.nvim_get_current_buf() or bufnr
  return vim.deepcopy(funds[bufnr] or {})
end

--- The limit of a chat of which the largest part is taken. nil: as above.
---@param bufnr? integer default: the current buffer
---@return flemma.Fund?
function M.tightest(bufnr)
  local found
  for _, fund in ipairs(M.all(bufnr)) do
    if not found or fund.share > found.share then
      found = fund
    end
  end
  return found
end

---@param payload { buf: integer, funds: table[] }
function M.receive(payload)
  if not vim.api.nvim_buf_is_loaded(payload.buf) then
    return
  end
  for _, fund in ipairs(payload.funds) do
    local taken = fund.spent + fund.in_flight
    fund.left = math.max(fund.limit - taken, 0)
    fund.share = fund.limit > 0 and taken / fund.limit or taken > 0 and math.huge or 0
  end
  funds[payload.buf] = payload.funds
  require("flemma.announce").announce(payload.buf, "FlemmaBudget", { funds = M.all(payload.buf) })
end

--- A chat is gone.
---@param bufnr integer
function M.forget(bufnr)
  funds[bufnr] = nil
end

return M
