--- `:Flemma tool:allow` and `tool:rules`: rules that let calls run unasked, chosen from what the host offers.

local M = {}

---@param action string
---@param more table
local function send(action, more)
  local host = require("flemma.host")
  if not host.ensure() or not host.send("approvals", vim.tbl_extend("force", { action = action }, more)) then
    require("flemma.notify").error("The Python host is not there, see :checkhealth flemma.")
  end
end

--- Offer rules for the call at the cursor.
function M.allow()
  local buf = vim.api.nvim_get_current_buf()
  if not require("flemma.buffer").is_chat(buf) then
    return require("flemma.notify").warn("this buffer is not a chat: it has no tool calls")
  end
  require("flemma.buffer.watch").flush(buf)
  send("offer", { buf = buf, line = vim.api.nvim_win_get_cursor(0)[1] - 1 })
end

---@class (exact) flemma.RuleOffer
---@field rules string[]
---@field about string

---@class (exact) flemma.RuleOffers
---@field buf integer
---@field id string
---@field summary string
---@field why string what keeps rules from being of use; empty where there are some
---@field offers flemma.RuleOffer[] the narrowest first
---@field scopes { scope: string, about: string }[]

---@param buf integer
---@param offer flemma.RuleOffer
---@param scopes { scope: string, about: string }[]
local function choose_scope(buf, offer, scopes)
  vim.ui.select(scopes, {
    prompt = ("Allow %s in"):format(table.concat(offer.rules, ", ")),
    kind = "flemma_scope",
    format_item = function(scope)
      return scope.about
    end,
  }, function(scope)
    if scope then
      send("keep", { buf = buf, scope = scope.scope, rules = offer.rules })
    else
      require("flemma.notify").info("No rule was added.")
    end
  end)
end

--- What the host offers for a call.
---@param payload flemma.RuleOffers
function M.offered(payload)
  local notify = require("flemma.notify")
  if #payload.offers == 0 then
    return notify.warn(payload.why)
  end
  vim.ui.select(payload.offers, {
    prompt = ("Allow from now on (%s)"):format(payload.summary),
    kind = "flemma_rule",
    format_item = function(offer)
      return ("%s  (%s)"):format(table.concat(offer.rules, ", "), offer.about)
    end,
  }, function(offer)
    if offer then
      choose_scope(payload.buf, offer, payload.scopes)
    else
      notify.info("No rule was added.")
    end
  end)
end

--- Have the rules listed that were added.
function M.rules()
  send("list", {})
end

---@class (exact) flemma.KeptRule
---@field scope string
---@field place string
---@field text string
---@field about string where it holds

--- The rules that were added: one that is chosen is forgotten.
---@param rules flemma.KeptRule[]
function M.listed(rules)
  if #rules == 0 then
    return require("flemma.notify").info("No rules were added: :Flemma tool:allow at a tool call offers some.")
  end
  vim.ui.select(rules, {
    prompt = "Rules that were added: choose one to forget it",
    kind = "flemma_kept_rule",
    format_item = function(rule)
      return ("%s  (%s)"):format(rule.text, rule.about)
    end,
  }, function(rule)
    if rule then
      send("forget", { scope = rule.scope, place = rule.place, text = rule.text })
    end
  end)
end

return M
