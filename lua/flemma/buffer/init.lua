--- The chat buffers of this Neovim and what each is doing: from the key press to the end of the reply, whoever ends it.
---
--- A chat is busy from the moment a send is asked for until the host says how it ended, or dies, or the buffer goes.

local api = vim.api

local M = {}

--- As `conversation/state.py` has them.
---@alias flemma.Mode "hybrid"|"send"|"execute"|"approve"|"reject"|"format"|"checkpoint"

--- What takes no time that anybody would notice.
local AT_ONCE = { approve = true, reject = true, format = true }

--- What adds nothing to the end of the chat that a window could go along with.
local STAYS = { approve = true, reject = true, format = true, checkpoint = true }

---@class (exact) flemma.Busy what a busy chat is waiting for
---@field mode flemma.Mode
---@field run integer which of all sends this is: what the host says of an earlier one is too late
---@field sent boolean the host has been told
---@field request table what to tell it
---@field insert { win: integer, cursor: integer[], at: integer[] }? where insert mode was left by the key that sent
---@field on_complete (string|fun())?
---@field follower { win: integer, cursor: integer[] }? the window it was sent from, which goes along with the reply
---@field requested boolean? a request went out: its end is announced
---@field used table? what it used, as far as that is known when it ends

---@class (exact) flemma.Chat
---@field busy flemma.Busy?
---@field channel integer? the host that has been told of this chat

---@type table<integer, flemma.Chat>
local chats = {}

local runs = 0

local function host()
  return require("flemma.host")
end

---@param command string|fun()
local function run_callback(command)
  local ok, problem = pcall(function()
    if type(command) == "function" then
      command()
    else
      vim.cmd(command)
    end
  end)
  if not ok then
    require("flemma.notify").error(("the command given with :Flemma send failed: %s"):format(problem))
  end
end

--- Tell the host of a chat, once per host.
local function introduce(buf)
  local channel = host().status().channel
  if chats[buf].channel == channel then
    return
  end
  chats[buf].channel = channel
  host().send("attach", { buf = buf, name = api.nvim_buf_get_name(buf) })
  require("flemma.buffer.watch").attach(buf)
end

--- Make a buffer a chat. Safe to call again.
---@param buf integer
function M.attach(buf)
  if chats[buf] then
    return
  end
  chats[buf] = {}
  require("flemma.buffer.autowrite").attach(buf)
  require("flemma.buffer.files").attach(buf)
  -- Scheduled: opening a file must not wait for a process to be started.
  vim.schedule(function()
    if chats[buf] and api.nvim_buf_is_loaded(buf) and not host().status().dead then
      if host().start() then
        introduce(buf)
      end
    end
  end)
end

--- The buffer is no chat any more (another filetype, or it is read anew).
---@param buf integer
function M.detach(buf)
  M.closed(buf)
  require("flemma.buffer.watch").detach(buf)
end

---@param buf integer
---@return boolean
function M.is_busy(buf)
  return chats[buf] ~= nil and chats[buf].busy ~= nil
end

--- Is this the send that the chat is busy with?
---@param buf integer
---@param run integer
---@return boolean
function M.is_current(buf, run)
  return M.is_busy(buf) and chats[buf].busy.run == run
end

local function tell(buf)
  local busy = chats[buf].busy
  if not busy or busy.sent then
    return
  end
  require("flemma.buffer.watch").flush(buf)
  if package.loaded["flemma.tools"] then
    require("flemma.tools").flush()
  end
  busy.request.stamp = require("flemma.buffer.watch").stamp(buf)
  busy.sent = host().send("submit", busy.request)
end

--- Where insert mode is left for a send, so that it can be entered again if nothing moved.
local function leave_insert(buf)
  local win = api.nvim_get_current_win()
  if api.nvim_win_get_buf(win) ~= buf then
    return nil
  end
  local at = api.nvim_win_get_cursor(win)
  vim.cmd.stopinsert()
  -- Leaving insert mode puts the cursor one character back, as far as there is one.
  local line = api.nvim_get_current_line()
  local before = at[2] > 0 and at[2] - 1 + vim.str_utf_start(line, at[2]) or 0
  return { win = win, at = at, cursor = { at[1], before } }
end

--- Ask the host to go on with this chat. The buffer is locked and shows progress before this returns.
---@param buf integer
---@param opts { mode: flemma.Mode, line?: integer, text?: string, insert?: boolean, on_complete?: string|fun() }
function M.submit(buf, opts)
  local notify = require("flemma.notify")
  if not chats[buf] then
    return notify.warn("this buffer is not a chat: name it with the ending .chat or :set filetype=chat")
  end
  if chats[buf].busy then
    return notify.warn("this chat is still busy: <C-c> or :Flemma cancel ends that")
  end
  local lock = require("flemma.buffer.lock")
  if not lock.lock(buf) then
    return notify.error("this buffer cannot be changed ('modifiable' is off): :set modifiable, then send again")
  end
  runs = runs + 1
  chats[buf].busy = {
    mode = opts.mode,
    run = runs,
    sent = false,
    request = {
      buf = buf,
      run = runs,
      mode = opts.mode,
      line = opts.line or 0,
      seen = require("flemma.reveal").seen(buf),
      text = opts.text,
      name = api.nvim_buf_get_name(buf),
      cwd = vim.fn.getcwd(),
    },
    follower = not STAYS[opts.mode] and require("flemma.buffer.follow").sender(buf) or nil,
    insert = opts.insert and leave_insert(buf) or nil,
    on_complete = opts.on_complete,
  }
  if not AT_ONCE[opts.mode] then
    require("flemma.ui.spinner").wait(buf)
  end
  local fresh = not host().status().channel
  if not host().ensure() then
    M.ended(buf, "errored")
  elseif not fresh then
    -- A host that has just been started is told by host_started().
    introduce(buf)
    tell(buf)
  end
end

--- A new host is there: tell it of every chat, and of the sends that were kept for it.
function M.host_started()
  for buf in pairs(chats) do
    if api.nvim_buf_is_loaded(buf) then
      introduce(buf)
      tell(buf)
    end
  end
end

--- Sends that a host took but cannot serve are to go to the next one. True if there are sends that wait.
---@return boolean
function M.keep_sends()
  for _, chat in pairs(chats) do
    if chat.busy and not chat.busy.requested then
      chat.busy.sent = false
    end
  end
  return M.any_busy()
end

---@return boolean
function M.any()
  return next(chats) ~= nil
end

---@param buf integer
---@return boolean
function M.is_chat(buf)
  return chats[buf] ~= nil
end

---@return boolean
function M.any_busy()
  return vim.iter(pairs(chats)):any(function(_, chat)
    return chat.busy ~= nil
  end)
end

--- The host is gone: every busy chat keeps what arrived and can be edited again. True if a reply was cut. A host that
--- `was_ready` has seen what was sent; what another one was told is kept for the next.
---@param was_ready boolean
---@return boolean
function M.host_died(was_ready)
  local cut = false
  require("flemma.running").lost()
  if package.loaded["flemma.tools.calls"] then
    require("flemma.tools.calls").stop_all()
  end
  if package.loaded["flemma.lsp"] then
    require("flemma.lsp").host_died()
  end
  if package.loaded["flemma.session.questions"] then
    require("flemma.session.questions").lost()
  end
  for buf, chat in pairs(chats) do
    if chat.busy and not was_ready and not host().status().dead then
      chat.busy.sent = false
    elseif chat.busy and chat.busy.sent then
      local ok, rescued = pcall(require("flemma.buffer.rescue").close_reply, buf)
      cut = cut or (ok and rescued)
      M.ended(buf, "errored")
    elseif chat.busy and host().status().dead then
      M.ended(buf, "errored")
    end
  end
  return cut
end

--- Stop what the chat is doing.
---@param buf integer
function M.cancel(buf)
  if not M.is_busy(buf) then
    return require("flemma.notify").info("nothing to cancel")
  end
  if not chats[buf].busy.sent or not host().send("cancel", { buf = buf }) then
    M.ended(buf, "cancelled")
  end
end

--- Run something as soon as the chat is idle: now, or when what it does has ended and everybody has been told.
---@param buf integer
---@param run fun()
function M.when_idle(buf, run)
  local busy = chats[buf] and chats[buf].busy
  if not busy then
    return run()
  end
  local before = busy.on_complete
  busy.on_complete = function()
    if before then
      run_callback(before)
    end
    vim.schedule(run)
  end
end

--- Enter insert mode again where it was left, if the user stayed where the send left them.
---@param buf integer
---@param insert { win: integer, cursor: integer[], at: integer[] }
local function resume_insert(buf, insert)
  local win = api.nvim_get_current_win()
  if win ~= insert.win or api.nvim_win_get_buf(win) ~= buf or api.nvim_get_mode().mode ~= "n" then
    return
  end
  local cursor = api.nvim_win_get_cursor(win)
  if cursor[1] == api.nvim_buf_line_count(buf) then
    vim.cmd("startinsert!")
  elseif vim.deep_equal(cursor, insert.cursor) then
    api.nvim_win_set_cursor(win, insert.at)
    vim.cmd(insert.at[2] >= #api.nvim_get_current_line() and "startinsert!" or "startinsert")
  end
end

--- A request has ended: tell whoever listens, with what it used as far as that is known by now.
---@param buf integer
---@param busy flemma.Busy
---@param status string
local function announce_end(buf, busy, status)
  local data = { status = status, request = busy.used }
  busy.used = nil
  require("flemma.announce").announce(buf, "FlemmaRequestFinished", data)
end

--- The chat is idle again: unlocked, no spinner, and everyone who waited is told.
---@param buf integer
---@param status "completed"|"cancelled"|"errored"
---@param opts? { discard: boolean } the text was given up: it must not be written over the file
function M.ended(buf, status, opts)
  require("flemma.buffer.lock").unlock(buf)
  require("flemma.ui.spinner").stop(buf, status ~= "errored")
  require("flemma.buffer.apply").finish(buf)
  local chat = chats[buf]
  local busy = chat and chat.busy
  if not busy then
    return
  end
  chat.busy = nil
  require("flemma.reveal").rested(buf)
  if not AT_ONCE[busy.mode] then
    require("flemma.attention").ended(buf, status)
  end
  if not busy.sent then
    host().offer_over()
  end
  if api.nvim_buf_is_loaded(buf) then
    if not (opts and opts.discard) then
      require("flemma.buffer.autowrite").write(buf)
    end
    if busy.insert then
      resume_insert(buf, busy.insert)
    end
  end
  if busy.on_complete then
    run_callback(busy.on_complete)
  end
  if busy.requested then
    announce_end(buf, busy, status)
  end
end

--- The window that a reply was asked for in, and where its cursor was then.
---@param buf integer
---@return { win: integer, cursor: integer[] }?
function M.follower(buf)
  return M.is_busy(buf) and chats[buf].busy.follower or nil
end

--- The request is on its way, and may be silent for so many seconds.
---@param buf integer
---@param timeout number
function M.sending(buf, timeout)
  require("flemma.ui.spinner").sending(buf, timeout)
  chats[buf].busy.requested = true
  require("flemma.announce").announce(buf, "FlemmaRequestSending", {})
end

--- What the request of a chat used: whoever is told of its end is told that, too.
---@param request table
function M.used(request)
  local chat = chats[request.bufnr]
  if chat and chat.busy then
    chat.busy.used = request
  end
end

--- A request is over, and the chat stays busy with what it called for: what came is kept as at the end.
---@param buf integer
---@param status string
function M.over(buf, status)
  require("flemma.buffer.autowrite").write(buf)
  if chats[buf].busy.requested then
    chats[buf].busy.requested = false
    announce_end(buf, chats[buf].busy, status)
  end
end

--- `:e!` put other text into the buffer: what was being written has no place any more.
---@param buf integer
function M.reloaded(buf)
  if M.is_busy(buf) then
    host().send("cancel", { buf = buf, discard = true })
    M.ended(buf, "cancelled", { discard = true })
  end
end

--- The buffer was unloaded or wiped: cancel and forget. The watch has told the host already.
---@param buf integer
function M.closed(buf)
  if M.is_busy(buf) then
    host().send("cancel", { buf = buf, discard = true })
    M.ended(buf, "cancelled", { discard = true })
  end
  require("flemma.state").forget(buf)
  require("flemma.reveal").forget(buf)
  chats[buf] = nil
end

return M
