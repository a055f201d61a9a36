--- What scripts may do with sessions. Each gives a sentence where Lua can know that it cannot be; else it is begun, and
--- what comes of it is told by a notice and by the event `FlemmaSessionEvent`.

local M = {}

local NO_HOST = "the host does not run: %s"

---@return string? why there is nobody who could do it
local function no_host()
  local host = require("flemma.host")
  if host.status().dead or not host.start() then
    return NO_HOST:format(host.status().dead or "see :checkhealth flemma")
  end
end

--- The chat that is meant, if something can be done with it now.
---@param buf integer?
---@param may_be_busy? boolean
---@return integer? chat
---@return string? why not
local function chat_to_change(buf, may_be_busy)
  local chat, why = require("flemma.session.current").chat(buf)
  if not chat then
    return nil, why
  end
  local busy = require("flemma.buffer").is_busy(chat)
  if busy and not may_be_busy then
    return nil, "this chat is still busy: <C-c> or :Flemma cancel ends that"
  elseif not busy and not vim.bo[chat].modifiable then
    return nil, "this buffer cannot be changed ('modifiable' is off)"
  end
  return chat
end

---@param id any
---@param name string
---@return string? why it is no session's
local function not_a_session(id, name)
  local files = require("flemma.session.files")
  if type(id) ~= "string" or id == "" then
    return ("%s() wants the id of a session, not %s"):format(name, vim.inspect(id))
  elseif not files.is_id(id) then
    return ("%s is not the id of a session"):format(vim.inspect(id:sub(1, 60)))
  elseif not files.may_exist(id) then
    return ("there is no session %s: list() has all"):format(id)
  end
end

--- Move a session to the trash.
---@param id string or how it begins
---@return string? why
function M.delete(id)
  local why = not_a_session(id, "delete")
  if why then
    return why
  end
  local current = require("flemma.session.current")
  local chat = current.chat()
  local own = chat and current.facts(chat).id
  if own and vim.startswith(own:upper(), id:upper()) then
    return "this is the session of the current chat: it is not deleted while the chat is open"
  elseif current.buffer_of(id) then
    return ("session %s is open in buffer %d: close that chat first (:bdelete)"):format(id, current.buffer_of(id))
  end
  why = no_host()
  if not why then
    require("flemma.operations").delete(id)
  end
  return why
end

--- Open the chat of a session.
---@param id string or how it begins
---@return string? why
function M.load(id)
  local why = not_a_session(id, "load") or no_host()
  if not why then
    require("flemma.operations").load(id)
  end
  return why
end

--- A chat beside the current one that goes on from here, in a session of its own.
---@param opts? { line?: integer, name?: string, buf?: integer }
---@return string? why
function M.fork(opts)
  if opts ~= nil and type(opts) ~= "table" then
    return "fork() wants a table of line, name and buf, or nothing"
  end
  opts = opts or {}
  local chat, why = require("flemma.session.current").chat(opts.buf)
  if chat and #require("flemma.session.turns").turns(chat) == 0 then
    why = "nothing has been said in this chat yet, so there is nothing to fork"
  end
  why = why or no_host()
  if not why then
    require("flemma.operations").fork(chat, { line = opts.line, name = opts.name })
  end
  return why
end

--- Stop what the chat does, clear it, and give it a session of its own.
---@param opts? { buf?: integer }
---@return string? why
function M.reset(opts)
  if opts ~= nil and type(opts) ~= "table" then
    return "reset() wants a table with buf, or nothing"
  end
  local chat, why = chat_to_change(opts and opts.buf, true)
  if chat then
    require("flemma.operations").reset(chat)
  end
  return why
end

--- See `flemma.session`.
---@param block_idx integer?
---@param opts? { restore_vim_insert?: boolean, buf?: integer }
---@return string? why
function M.rewind_to(block_idx, opts)
  if opts ~= nil and type(opts) ~= "table" then
    return "rewind_to() wants a table of options, or nothing, as the second argument"
  end
  if block_idx ~= nil and (type(block_idx) ~= "number" or block_idx % 1 ~= 0) then
    return ("rewind_to() wants the block_idx of a turn, or nil, not %s"):format(vim.inspect(block_idx))
  end
  local chat, why = chat_to_change(opts and opts.buf)
  if not chat then
    return why
  end
  local turns = require("flemma.session.turns").turns(chat)
  if #turns == 0 then
    return "nothing has been said in this chat yet"
  elseif block_idx ~= nil and not turns[block_idx] then
    return ("there is no turn %d: this chat has %d"):format(block_idx, #turns)
  end
  local line = block_idx and turns[block_idx].line or nil
  require("flemma.operations").rewind(chat, { line = line, insert = opts ~= nil and opts.restore_vim_insert == true })
end

--- Have the model summarize what was said, so that requests begin there.
---@param opts? { buf?: integer, words?: string } `words`: what is to be kept
---@return string? why
function M.checkpoint(opts)
  local chat, why = chat_to_change(opts and opts.buf)
  if chat then
    require("flemma.actions").checkpoint(opts and opts.words, chat)
  end
  return why
end

--- Keep a session from every cleanup, or no more.
---@param id string or how it begins
---@param pinned? boolean default: true
---@return string? why
function M.pin(id, pinned)
  local why = not_a_session(id, "pin") or no_host()
  if not why then
    require("flemma.operations").send("pin", { id = id, pinned = pinned ~= false })
  end
  return why
end

--- Write a chat down for others, without secrets.
---@param id string? nil: the current chat, as it stands
---@param format? "md"|"html"|"json"|"chat"
---@param path? string default: beside the chat. A file that is there is written over
---@return string? why
function M.export(id, format, path)
  local why = id ~= nil and not_a_session(id, "export") or nil
  if id == nil then
    local _, no_chat = require("flemma.session.current").chat()
    why = no_chat
  end
  why = why or no_host()
  if not why then
    local given = { id = id, format = format, path = path, sure = path ~= nil or nil }
    require("flemma.operations").send("export", given)
  end
  return why
end

return M
