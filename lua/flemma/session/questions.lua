--- Questions about many sessions, which the host answers in its own time: each has a number, its answer is a message.

local M = {}

---@alias flemma.session.Answered fun(answer: any, problem: string?)

---@class (exact) flemma.session.Question
---@field answered flemma.session.Answered
---@field parts table<string, any>? of an answer that comes in several messages

---@type table<integer, flemma.session.Question>
local open = {}
local count = 0

--- Ask the host, which is started where there is none. The callback is called once, whatever happens.
---@param about string see `app/session_questions/`
---@param given table
---@param answered flemma.session.Answered
---@return string? why nobody can be asked: then the callback is not called
function M.ask(about, given, answered)
  local host = require("flemma.host")
  if host.status().dead or not host.start() then
    return ("the host does not run, so nobody can be asked: %s"):format(host.status().dead or "see :checkhealth flemma")
  end
  count = count + 1
  open[count] = { answered = answered }
  -- A table without entries says nothing of what it is.
  host.send("ask", { number = count, about = about, given = next(given) and given or vim.empty_dict() })
end

---@param number integer
local function finish(number, answer, problem)
  local question = open[number]
  open[number] = nil
  local ok, trouble = pcall(question.answered, answer, problem)
  if not ok then
    require("flemma.notify").error(("a function that waited for an answer about sessions failed: %s"):format(trouble))
  end
end

--- The host's answer, or a part of it: `more` follow.
---@param payload { number: integer, answer: any, problem: string?, more: boolean? }
function M.receive(payload)
  local question = open[payload.number]
  if not question then
    return
  end
  local answer = payload.answer
  if question.parts or payload.more then
    question.parts = vim.tbl_extend("force", question.parts or {}, answer or {})
    answer = question.parts
  end
  if not payload.more then
    -- Scheduled: a script's function may do what must not be done within a message of the host's.
    vim.schedule(function()
      finish(payload.number, payload.problem == nil and answer or nil, payload.problem)
    end)
  end
end

--- The host is gone, and nobody answers any more.
function M.lost()
  for number in pairs(open) do
    finish(number, nil, "the host stopped before it answered")
  end
end

--- What a question was given: `(options?, callback)`.
---@return table? opts nil: what was given is wrong
---@return flemma.session.Answered|string callback or what is wrong
local function arguments(name, opts, callback)
  if type(opts) == "function" then
    opts, callback = {}, opts
  end
  if type(callback) ~= "function" or (opts ~= nil and type(opts) ~= "table") then
    return nil, ("%s() wants a table of options, or nothing, and a function that takes the answer"):format(name)
  end
  return opts or {}, callback
end

--- Sessions that hold all words of a query, the latest first: rows as `list()` has them, with `snippet` and `role`.
---@param query string
---@param opts? { limit?: integer, cwd?: string }
---@param callback flemma.session.Answered
function M.search(query, opts, callback)
  local given, answered = arguments("search", opts, callback)
  if type(query) ~= "string" or not given then
    return not given and answered or "search() wants the words to look for"
  end
  return M.ask("search", { query = query, limit = given.limit, cwd = given.cwd }, answered)
end

--- What was spent, by "model", "provider", "endpoint", "source", "workspace" or "day": sums by each.
---@param opts? { by?: string, since?: number, until?: number, cwd?: string, id?: string }
---@param callback flemma.session.Answered
function M.stats(opts, callback)
  local given, answered = arguments("stats", opts, callback)
  if not given then
    return answered
  end
  return M.ask("stats", vim.tbl_extend("keep", given, { by = "model" }), answered)
end

--- What each session used and how it ended, the latest first.
---@param opts? { limit?: integer }
---@param callback flemma.session.Answered
function M.history(opts, callback)
  local given, answered = arguments("history", opts, callback)
  if not given then
    return answered
  end
  return M.ask("history", given, answered)
end

--- Whether all that is kept can be read.
---@param callback flemma.session.Answered
function M.doctor(callback)
  local given, answered = arguments("doctor", callback)
  if not given then
    return answered
  end
  return M.ask("doctor", given, answered)
end

return M
