--- What can be done with a chat's session: asked here, done by the host, and shown here when it answers.
---
--- What Lua can know to be wrong is refused at once. The cut of a rewind and the clearing of a reset are done at once,
--- as one undo step each; the host only writes down that they were.

local api = vim.api

local M = {}

local NO_CHAT = "this buffer is not a chat"
local BUSY = "this chat is still busy: <C-c> or :Flemma cancel ends that"
local LOCKED = "this buffer cannot be changed ('modifiable' is off)"

---@param buf integer?
---@return integer
local function number(buf)
  return (buf == nil or buf == 0) and api.nvim_get_current_buf() or buf
end

---@param buf integer
---@return boolean
local function is_chat(buf)
  return api.nvim_buf_is_loaded(buf) and require("flemma.buffer").is_chat(buf)
end

--- Have the host do something, in the chat `buf` where it is one. False where there is no host to ask.
---@param action string see `edge/sessions.py`
---@param more? table
---@param buf? integer
---@return boolean
function M.send(action, more, buf)
  buf = number(buf)
  local payload = vim.tbl_extend("force", { action = action, cwd = vim.fn.getcwd(), name = "" }, more or {})
  if is_chat(buf) then
    require("flemma.buffer.watch").flush(buf)
    payload.buf, payload.name = buf, api.nvim_buf_get_name(buf)
  end
  local host = require("flemma.host")
  if host.ensure() and host.send("session", payload) then
    return true
  end
  require("flemma.notify").error("The Python host is not there, see :checkhealth flemma.")
  return false
end

--- Why a chat's text cannot be cut or cleared now, nil if it can.
---@param buf integer
---@param may_be_busy boolean
---@return string?
local function obstacle(buf, may_be_busy)
  local busy = require("flemma.buffer").is_busy(buf)
  if not is_chat(buf) then
    return NO_CHAT
  elseif busy and not may_be_busy then
    return BUSY
  elseif not busy and not vim.bo[buf].modifiable then
    return LOCKED
  end
end

--- A chat beside this one that goes on from here. `line` (1-based): with all up to the turn there; without it all. What
--- is just being written is left out.
---@param buf? integer
---@param opts? { line?: integer, name?: string }
function M.fork(buf, opts)
  buf, opts = number(buf), opts or {}
  if not is_chat(buf) then
    return require("flemma.notify").warn(NO_CHAT)
  end
  local turns = require("flemma.operations.turns").of(buf)
  local busy = require("flemma.buffer").is_busy(buf)
  local turn = opts.line and require("flemma.operations.turns").at(turns, opts.line)
  local last = turn and turn ~= turns[#turns] and turn.last or nil
  if busy and not last and #turns > 0 then
    last = turns[#turns].said
  elseif opts.line and not turn and #turns > 0 then
    last = turns[1].line - 1
  end
  M.send("fork", { last = last, file = opts.name, busy = busy }, buf)
end

--- Open a session's chat.
---@param id string or how it begins
function M.load(id)
  M.send("load", { id = id })
end

--- Go back to before something you said: what follows goes, and your words are the prompt again. Without a `line` all
--- that was said goes. Gives false, and says why, where that cannot be.
---@param buf? integer
---@param opts? { line?: integer, insert?: boolean }
---@return boolean
function M.rewind(buf, opts)
  buf, opts = number(buf), opts or {}
  local why = obstacle(buf, false)
  local turns = why and {} or require("flemma.operations.turns").of(buf)
  if not why and #turns == 0 then
    why = "nothing has been said in this chat yet"
  end
  local turn = opts.line and require("flemma.operations.turns").at(turns, opts.line)
  if not why and opts.line and (not turn or turn.line ~= opts.line) then
    why = ("line %d is not where you began to say something"):format(opts.line)
  end
  if why then
    require("flemma.notify").warn(why)
    return false
  end
  local first = turn and turn.line or turns[1].line
  require("flemma.buffer.watch").flush(buf)
  if require("flemma.host").status().channel then
    M.send("rewind", { first = first - 1, stamp = require("flemma.buffer.watch").stamp(buf) }, buf)
  end
  require("flemma.operations.cut").behind(buf, first, turn and turn.said)
  require("flemma.operations.cut").enter(buf, opts.insert == true)
  return true
end

--- Stop what the chat does, clear it, and give it a session of its own.
---@param buf? integer
---@return boolean
function M.reset(buf)
  buf = number(buf)
  local why = obstacle(buf, true)
  if why then
    require("flemma.notify").warn(why)
    return false
  end
  require("flemma.buffer").when_idle(buf, function()
    why = obstacle(buf, false)
    if why then
      return require("flemma.notify").warn(why)
    end
    require("flemma.operations.cut").all(buf)
    if require("flemma.host").status().channel then
      M.send("reset", {}, buf)
    end
  end)
  if require("flemma.buffer").is_busy(buf) then
    require("flemma.buffer").cancel(buf)
  end
  return true
end

--- Have a session moved to the trash, unasked.
---@param id string or how it begins
function M.delete(id)
  M.send("delete", { id = id, sure = true })
end

--- What came of it.
---@param payload table
function M.receive(payload)
  -- A picker or a file may be drawn at once, and this is called from within a message of the host's.
  vim.schedule(function()
    local shows = require("flemma.operations.shows")
    local ok, problem = pcall(shows[payload.what], payload)
    if not ok then
      require("flemma.notify").error(("what came of it could not be shown: %s"):format(problem))
    end
  end)
end

return M
