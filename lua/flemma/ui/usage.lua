--- The report of a request that is over: its tokens, what they cost, and the session's so far.

local M = {}

local LABEL = "%8s  "

--- A whole number with commas: 1234567 is "1,234,567".
---@param number number
---@return string
local function commas(number)
  local digits = ("%d"):format(number)
  return (digits:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", ""))
end
M.commas = commas

---@param dollars number
---@return string
local function money(dollars)
  return ("$%.2f"):format(dollars)
end

--- Rounded up to whole cents, so that what was spent is never told smaller than it was.
---@param dollars number
---@return string
local function money_up(dollars)
  -- What floating point adds to whole cents is far below a millionth of a cent.
  return money(math.max(math.ceil(dollars * 100 - 1e-6), 0) / 100)
end

---@alias flemma.usage.Row { [1]: string, [2]: string, [3]: string? } label, tokens or name, money

--- The sum of a field, or of what a method gives, over requests.
---@param requests flemma.session.Request[]
---@param name string
---@return number
local function sum(requests, name)
  return vim.iter(requests):fold(0, function(total, request)
    local value = request[name]
    return total + (type(value) == "function" and value(request) or value)
  end)
end

---@param requests flemma.session.Request[] one, or those of one run
---@param priced boolean
---@return flemma.usage.Row[]
local function request_rows(requests, priced)
  local request = requests[#requests]
  local show = priced and vim.iter(requests):all(request.has_price)
  local about = vim.iter(requests):any(function(each)
    return each.estimated == true
  end) and "~" or ""
  local read, written = sum(requests, "cache_read_input_tokens"), sum(requests, "cache_creation_input_tokens")
  local thought = sum(requests, "thoughts_tokens")
  local thoughts = thought > 0 and (" (⊂ %s thoughts)"):format(commas(thought)) or ""
  local rows = {
    { "Model:", ("`%s` (%s)"):format(request.model, request.provider) },
    {
      "Input:",
      about .. commas(sum(requests, "input_tokens")) .. " tokens",
      show and money(sum(requests, "get_input_cost")) or nil,
    },
  }
  if read > 0 or written > 0 then
    local percentage = #requests == 1 and request:get_cache_percentage()
      or #requests > 1 and math.floor(read * 100 / sum(requests, "get_total_input_tokens"))
    local rate = percentage and (" (%d%% hit rate)"):format(percentage) or ""
    rows[#rows + 1] = { "Cache:", ("%s read + %s write%s"):format(commas(read), commas(written), rate) }
  end
  rows[#rows + 1] = {
    "Output:",
    about .. commas(sum(requests, "get_total_output_tokens")) .. " tokens" .. thoughts,
    show and money(sum(requests, "get_output_cost")) or nil,
  }
  if show then
    rows[#rows + 1] = { "Total:", "", about .. money(sum(requests, "get_total_cost")) }
  end
  return rows
end

--- Is a price known of no request, of some or of all?
---@param session flemma.session.Session
---@return "none"|"some"|"all"
local function known_prices(session)
  local known = 0
  for _, request in ipairs(session.requests) do
    known = known + (request:has_price() and 1 or 0)
  end
  return known == 0 and "none" or known == #session.requests and "all" or "some"
end

---@param session flemma.session.Session
---@param priced boolean
---@return flemma.usage.Row[]
local function session_rows(session, priced)
  local known = priced and known_prices(session) or "none"
  local about = vim.iter(session.requests):any(function(request)
    return request.estimated == true
  end) and "~" or ""
  local function cost(dollars)
    return known ~= "none" and (known == "some" and "≥ " or "") .. about .. money_up(dollars) or nil
  end
  local rows = {
    { "Input:", about .. commas(session:get_total_input_tokens()) .. " tokens", cost(session:get_total_input_cost()) },
    {
      "Output:",
      about .. commas(session:get_total_output_tokens()) .. " tokens",
      cost(session:get_total_output_cost()),
    },
  }
  if known ~= "none" then
    rows[#rows + 1] = { "Total:", "", cost(session:get_total_cost()) }
  end
  return rows
end

--- What is left of the limits that hold for the chat.
---@param request flemma.session.Request
---@return flemma.usage.Row[]
local function budget_rows(request)
  local funds = request.bufnr and require("flemma.budget").all(request.bufnr) or {}
  return vim
    .iter(funds)
    :enumerate()
    :map(function(number, fund)
      return { number == 1 and "Budget:" or "", fund.text }
    end)
    :totable()
end

--- Lines with their highlights, drawn row by row.
---@class flemma.usage.Sheet
local Sheet = {}
Sheet.__index = Sheet

---@param text string
function Sheet:heading(text)
  self:add({ { text, "FlemmaUsageHeading" } })
end

---@param parts { [1]: string, [2]: string?, conceal: string? }[]
function Sheet:add(parts)
  local line, columns = "", 0
  for _, part in ipairs(parts) do
    if part[2] or part.conceal then
      table.insert(self.marks, {
        row = #self.lines,
        from = #line,
        to = #line + #part[1],
        hl = part[2],
        conceal = part.conceal,
      })
    end
    line = line .. part[1]
    columns = columns + (part.conceal and 0 or vim.fn.strdisplaywidth(part[1]))
  end
  table.insert(self.lines, line)
  self.width = math.max(self.width, columns)
end

---@param row flemma.usage.Row
function Sheet:row(row)
  local parts = { { LABEL:format(row[1]), "FlemmaUsageLabel" } }
  local model, rest = row[2]:match("^`(.*)`(.*)$")
  if model then
    vim.list_extend(parts, {
      { "`", nil, conceal = "" },
      { model, "FlemmaUsageModel" },
      { "`", nil, conceal = "" },
      { rest },
    })
  else
    parts[#parts + 1] = { row[2] }
  end
  if row[3] then
    parts[#parts + 1] = { row[2] ~= "" and " / " or "" }
    parts[#parts + 1] = { row[3], "FlemmaUsageCost" }
  end
  self:add(parts)
end

--- The report of a request, or of those of one run, with the session as it is now.
---@param ... flemma.session.Request
---@return flemma.Popup.Content
function M.content(...)
  local requests = { ... }
  local request = requests[#requests]
  local session = require("flemma.session").get()
  local priced = require("flemma.settings").get("ui", "pricing", "enabled") ~= false
  local cut = request.status and request.status ~= "completed" and (" (%s)"):format(request.status) or ""
  local sheet = setmetatable({ lines = {}, marks = {}, width = 0 }, Sheet)
  sheet:heading(#requests == 1 and ("Request%s:"):format(cut) or ("%d requests%s:"):format(#requests, cut))
  for _, row in ipairs(request_rows(requests, priced)) do
    sheet:row(row)
  end
  sheet:add({ { "" } })
  sheet:heading("Session:")
  for _, row in ipairs(session_rows(session, priced)) do
    sheet:row(row)
  end
  for _, row in ipairs(priced and budget_rows(request) or {}) do
    sheet:row(row)
  end
  return { lines = sheet.lines, marks = sheet.marks, width = sheet.width }
end

---@type table<integer, { run: integer, requests: flemma.session.Request[] }> the last run of each chat
local runs = {}

--- The requests of the run that this one belongs to: autopilot makes several, which have one report.
---@param request flemma.session.Request
---@param run integer?
---@return flemma.session.Request[]
local function of_run(request, run)
  if not run then
    return { request }
  end
  local known = runs[request.bufnr]
  if not known or known.run ~= run then
    known = { run = run, requests = {} }
    runs[request.bufnr] = known
  end
  table.insert(known.requests, request)
  return known.requests
end

---@param buf integer
---@param request flemma.session.Request
---@param run? integer
local function show(buf, request, run)
  require("flemma.ui.highlights").ensure()
  local bar = require("flemma.ui.usage_bar")
  if bar.is_wanted(buf) then
    bar.show(buf, request)
  else
    require("flemma.ui.popup").show(buf, M.content(unpack(of_run(request, run))), run)
  end
end

--- A request is over: the report of one that was answered is shown, the others can be recalled.
---@param request flemma.session.Request
---@param run? integer the send that it belongs to
function M.report(request, run)
  local enabled = require("flemma.settings").get("ui", "usage", "enabled") ~= false
  if enabled and request.bufnr and request.status == "completed" then
    show(request.bufnr, request, run)
  end
end

--- Show the last request of this chat's file, with the session as it is now.
function M.recall()
  local buf = vim.api.nvim_get_current_buf()
  local popup = require("flemma.ui.popup")
  if popup.is_visible(buf) or require("flemma.ui.usage_bar").is_visible(buf) then
    return
  end
  local session = require("flemma.session").get()
  local name = vim.api.nvim_buf_get_name(buf)
  local request = name ~= "" and session:get_latest_request_for_filepath(name) or nil
  if request then
    show(buf, request)
  elseif not popup.recall(buf) then
    require("flemma.notify").warn("no request of this chat is known: send it first")
  end
end

--- Show the last report of this chat as it was.
function M.recall_notification()
  if require("flemma.ui.usage_bar").is_wanted(vim.api.nvim_get_current_buf()) then
    return M.recall()
  end
  if not require("flemma.ui.popup").recall(vim.api.nvim_get_current_buf()) then
    require("flemma.notify").warn("there was no report for this chat: send it first")
  end
end

return M
