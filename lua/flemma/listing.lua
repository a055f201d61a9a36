--- Having a provider's server asked which models it has: the host asks, and pushes what it hears with the catalogue.

local M = {}

--- How long somebody who waits for a list of models is kept waiting for it, in milliseconds.
local PATIENCE = 1500

---@type table<string, flemma.listing.Waiter[]> who is to be told when a provider was asked for its models
local waiting = {}

---@param waiter flemma.listing.Waiter
---@param problem string?
local function tell(waiter, problem)
  if not waiter.told then
    waiter.told = true
    -- Scheduled: it may ask something, and an answer of the host must not wait for a key.
    vim.schedule(function()
      waiter.callback(waiter.provider, problem)
    end)
  end
end

--- The host has an answer about a provider's models: who waits for it need wait no longer.
---@param answer { asked: string, provider: string, problem: string? }
function M.receive(answer)
  local waiters = waiting[answer.asked] or {}
  waiting[answer.asked] = nil
  for _, waiter in ipairs(waiters) do
    waiter.provider = answer.provider
    tell(waiter, answer.problem)
  end
end

--- Have a provider's server asked for its models; the host keeps its answer for a while. Nothing waits here: `callback`
--- comes when there is an answer, or when it takes too long.
---@param name string empty: the provider that answers now
---@param callback? fun(provider: string, problem: string?)
---@param opts? { anew: boolean }
function M.ask(name, callback, opts)
  local anew = opts ~= nil and opts.anew
  local sent = require("flemma.host").send("models", { provider = name, anew = anew })
  if not callback then
    return
  end
  ---@class flemma.listing.Waiter
  local waiter = { provider = name, callback = callback, told = false }
  if not sent then
    return tell(waiter, "the Python host is not there, see :checkhealth flemma")
  end
  waiting[name] = vim.list_extend(waiting[name] or {}, { waiter })
  if not anew then
    vim.defer_fn(function()
      tell(waiter, "it takes long")
    end, PATIENCE)
  end
end

--- `:Flemma models:refresh`: ask a provider for its models, and say how many there are now.
---@param name string? nil: the one that answers now
function M.refresh(name)
  M.ask(name or "", function(provider, problem)
    local notify = require("flemma.notify")
    if problem then
      local who = provider == "" and "models" or ("models of %s"):format(provider)
      return notify.warn(("There is no list of %s: %s"):format(who, problem))
    end
    local found = require("flemma.switch").provider(provider)
    local count = found and #found.models or 0
    notify.info(("%s offers %d model%s."):format(provider, count, count == 1 and "" or "s"))
  end, { anew = true })
end

return M
