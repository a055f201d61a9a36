--- Sessions for scripts: what this Neovim used, what the current chat's session is, and all sessions that are kept.
--- Everything here answers at once, from tables that the host pushed or from files that it keeps; nothing asks it.
---
--- `get()` and `now()` are for anybody. The session of the current chat and what is done with sessions is for whoever
--- sees a screen: without one an error says `FlemmaUiRequired`, unless `vim.g.flemma_headless_sessions` is 1.

local M = {}

local requests = require("flemma.session.requests")
M.Request, M.Session, M.now, M.get = requests.Request, requests.Session, requests.now, requests.get

--- Raise an error that names the line of the script which called.
local function refuse(message)
  error(message, 3)
end

---@param name string
local function require_ui(name)
  local allowed = vim.g.flemma_headless_sessions
  if allowed ~= 1 and allowed ~= true and #vim.api.nvim_list_uis() == 0 then
    local message = "FlemmaUiRequired: require('flemma.session').%s() needs a screen; "
      .. "vim.g.flemma_headless_sessions = 1 lets it run without one"
    error(message:format(name), 3)
  end
end

--- Functions that answer about the current chat, and the room that has each.
local ABOUT_THE_CHAT = {
  context_tokens = "current",
  context_window = "current",
  cost = "current",
  created_at_ms = "current",
  cwd = "current",
  dir = "current",
  id = "current",
  system = "current",
  tokens = "current",
  turns = "turns",
}
for name, room in pairs(ABOUT_THE_CHAT) do
  ---@param buf? integer another chat than the current one
  M[name] = function(buf)
    require_ui(name)
    local chat, why = require("flemma.session.current").chat(buf)
    if not chat then
      return refuse(why)
    end
    return require("flemma.session." .. room)[name](chat)
  end
end

--- Sessions other than the current one, the latest first, and where the list goes on: nil at its end.
---@param opts? { limit?: integer, cursor?: string, cwd?: string }
---@return flemma.session.Row[] rows
---@return string? cursor
function M.list(opts)
  require_ui("list")
  local ok, rows, cursor = pcall(require("flemma.session.catalogue").list, opts)
  if not ok then
    return refuse(rows)
  end
  return rows, cursor
end

--- What user and assistant say in a session, as plain text: no thinking, no tools, no system prompt. nil: no session.
---@param id string
---@return string?
function M.text(id)
  require_ui("text")
  return require("flemma.session.texts").text(id)
end

--- `text` of many, by id; those that are missing are left out. With a function they are read by the host, beside the
--- editor's work, and it is called with them; without a host they are read here.
---@param ids string[]
---@param callback? fun(texts: table<string, string>)
---@return table<string, string>? nil where a callback was given
function M.texts(ids, callback)
  require_ui("texts")
  if type(ids) ~= "table" then
    return refuse("texts() wants a list of ids of sessions")
  end
  return require("flemma.session.texts").texts(ids, callback)
end

--- Actions: what can be known to be wrong is an error at once, the rest is told by a notice and by the event
--- `FlemmaSessionEvent`.
local NEEDS_A_SCREEN = { delete = true, fork = true, load = true, reset = true }
for _, name in ipairs({ "checkpoint", "delete", "export", "fork", "load", "pin", "reset" }) do
  M[name] = function(...)
    if NEEDS_A_SCREEN[name] then
      require_ui(name)
    end
    local why = require("flemma.session.actions")[name](...)
    return why and refuse(why) or nil
  end
end

--- Go back to before a turn of the user's, as `turns()` numbers them: what it said becomes the prompt again. nil: to
--- before the first turn, and it has to be said: an argument that was forgotten must not cost a chat.
---@param block_idx integer?
---@param opts? { restore_vim_insert?: boolean, buf?: integer }
function M.rewind_to(...)
  require_ui("rewind_to")
  if select("#", ...) == 0 then
    return refuse("rewind_to() wants the block_idx of a turn; rewind_to(nil) goes to before the first turn")
  end
  local why = require("flemma.session.actions").rewind_to(...)
  return why and refuse(why) or nil
end

--- Questions to the host: the answer is given to the callback, as `callback(answer, problem)`. They need no screen.
for _, name in ipairs({ "doctor", "history", "search", "stats" }) do
  M[name] = function(...)
    local why = require("flemma.session.questions")[name](...)
    return why and refuse(why) or nil
  end
end

--- All that is known of a chat's session, in one table: what the functions above tell one by one, and its file.
---@param buf? integer
---@return flemma.session.Info
function M.info(buf)
  local chat, why = require("flemma.session.current").chat(buf)
  if not chat then
    return refuse(why)
  end
  return require("flemma.session.current").info(chat)
end

--- Call a function with each event of a session from now on. What comes back ends that.
---@param fn fun(event: flemma.session.Event)
---@param opts? { types?: string[], id?: string, buf?: integer }
---@return fun() unsubscribe
function M.subscribe(fn, opts)
  if type(fn) ~= "function" then
    return refuse("subscribe() wants a function")
  end
  return require("flemma.session.events").subscribe(fn, opts)
end

--- Rows of `list()` as a forest: each session below the one that it was forked off, with its `depth` from 0 on.
---@param rows flemma.session.Row[]
---@return flemma.session.Row[] rows copies, parents before children
function M.tree(rows)
  return require("flemma.session.catalogue").tree(rows)
end

return M
