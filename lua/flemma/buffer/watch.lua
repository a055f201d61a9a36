--- Feeds the host's mirror: what changed in a chat buffer, as line ranges with their changedtick.
---
--- Ranges are merged while the user types on, and sent after 50 ms of quiet, or at once before a submit or a write.
--- Our own writes are never echoed: `apply` answers with where they landed instead.

local api = vim.api

local M = {}

local QUIET_MS = 50
--- Lines that one message of the first transfer carries: a few milliseconds of the main loop.
local SLICE = 4000

---@class (exact) flemma.Watch
---@field buf integer
---@field timer uv.uv_timer_t
---@field tick integer changedtick that the host knows, or will when it has read what was sent
---@field first integer? pending range: lines [first, last_old) of the host's text are …
---@field last_old integer … replaced by …
---@field last_new integer … lines [first, last_new) of the buffer
---@field lines integer lines that the host knows of, or will when it has read what was sent
---@field transfer integer? line up to which the whole text has been sent, while it is being sent
---@field transfer_tick integer changedtick of the text that is being sent
---@field round integer how many transfers have begun
---@field own boolean our own write is under way
---@field gone boolean

---@type table<integer, flemma.Watch>
local watches = {}

local function send(kind, payload)
  return require("flemma.host").send(kind, payload)
end

--- Bytes of the whole text with one byte for each line end: cheap to ask, and enough to see that a mirror is off.
---@param buf integer
---@return integer
local function byte_count(buf)
  local last = api.nvim_buf_line_count(buf) - 1
  return api.nvim_buf_get_offset(buf, last) + #api.nvim_buf_get_lines(buf, last, last + 1, true)[1] + 1
end

--- Send the whole text from where its transfer has come to, up to line `last`. An edit since then starts it anew.
---@param watch flemma.Watch
---@param last number
local function send_slice(watch, last)
  local tick = api.nvim_buf_get_changedtick(watch.buf)
  if watch.transfer_tick ~= tick then
    watch.transfer, watch.transfer_tick = 0, tick
  end
  local total = api.nvim_buf_line_count(watch.buf)
  last = math.min(last, total)
  send("text", {
    buf = watch.buf,
    tick = tick,
    first = watch.transfer,
    total = total,
    text = table.concat(api.nvim_buf_get_lines(watch.buf, watch.transfer, last, true), "\n"),
  })
  watch.transfer = last < total and last or nil
  if not watch.transfer then
    watch.first, watch.tick, watch.lines = nil, tick, total
  end
end

---@param watch flemma.Watch
local function begin_transfer(watch)
  watch.first = nil
  watch.transfer, watch.transfer_tick = 0, api.nvim_buf_get_changedtick(watch.buf)
  watch.round = watch.round + 1
end

--- Send the whole text, in slices that leave the main loop free in between.
---@param watch flemma.Watch
local function transfer(watch)
  begin_transfer(watch)
  local round = watch.round
  local function step()
    if watch.gone or watch.round ~= round or not watch.transfer or not api.nvim_buf_is_loaded(watch.buf) then
      return
    end
    send_slice(watch, watch.transfer + SLICE)
    if watch.transfer then
      vim.defer_fn(step, 1)
    end
  end
  step()
end

--- Neovim tells of lines that are not there when a buffer is emptied, by `:%d` as by undo: then only the whole text is
--- sure to be right, and it is short.
---@param watch flemma.Watch
local function is_plausible(watch)
  local change = watch.first and watch.last_new - watch.last_old or 0
  return watch.lines + change == api.nvim_buf_line_count(watch.buf)
end

---@param watch flemma.Watch
local function flush(watch)
  if not watch.transfer and not is_plausible(watch) then
    begin_transfer(watch)
  end
  if watch.transfer then
    send_slice(watch, math.huge)
    return
  end
  local tick = api.nvim_buf_get_changedtick(watch.buf)
  local first = watch.first
  if not first and tick == watch.tick then
    return
  end
  local lines = first and api.nvim_buf_get_lines(watch.buf, first, watch.last_new, true) or {}
  send("changes", {
    buf = watch.buf,
    tick = tick,
    first = first or 0,
    last = first and watch.last_old or 0,
    count = #lines,
    text = table.concat(lines, "\n"),
  })
  watch.first, watch.tick, watch.lines = nil, tick, api.nvim_buf_line_count(watch.buf)
end

--- Join the change of lines [first, last) to [first, new) with what is pending.
---@param watch flemma.Watch
local function merge(watch, first, last, new)
  if not watch.first then
    watch.first, watch.last_old, watch.last_new = first, last, new
    return
  end
  local reach = math.max(watch.last_new, last)
  watch.first = math.min(watch.first, first)
  watch.last_old = watch.last_old + (reach - watch.last_new)
  watch.last_new = reach + (new - last)
end

local function guarded(watch, action)
  return function()
    if watch.gone or not api.nvim_buf_is_loaded(watch.buf) then
      return
    end
    local ok, problem = pcall(action, watch)
    if not ok then
      require("flemma.notify").once("cannot follow the buffer: " .. tostring(problem), vim.log.levels.ERROR)
    end
  end
end

--- Watch a buffer from now on and send its text. A buffer that is watched already is sent anew.
---@param buf integer
function M.attach(buf)
  if watches[buf] then
    transfer(watches[buf])
    return
  end
  ---@type flemma.Watch
  local watch = {
    buf = buf,
    timer = assert(vim.uv.new_timer()),
    tick = -1,
    first = nil,
    last_old = 0,
    last_new = 0,
    lines = 0,
    transfer = nil,
    transfer_tick = -1,
    round = 0,
    own = false,
    gone = false,
  }
  watches[buf] = watch
  local flush_later = vim.schedule_wrap(guarded(watch, flush))
  api.nvim_buf_attach(buf, false, {
    on_lines = function(_, _, _, first, last, new)
      if watch.gone then
        return true
      end
      if watch.own then
        return
      end
      require("flemma.buffer.apply").edited(buf)
      if watch.transfer then
        return
      end
      merge(watch, first, last, new)
      watch.timer:start(QUIET_MS, 0, flush_later)
    end,
    on_reload = function()
      if watch.gone then
        return true
      end
      vim.schedule(guarded(watch, transfer))
      require("flemma.buffer").reloaded(buf)
    end,
    on_detach = function()
      if not watch.gone then
        M.detach(buf)
        require("flemma.buffer").closed(buf)
      end
    end,
  })
  transfer(watch)
end

---@param buf integer
function M.detach(buf)
  local watch = watches[buf]
  if watch then
    watch.gone = true
    watch.timer:stop()
    watch.timer:close()
    watches[buf] = nil
    send("detach", { buf = buf })
  end
end

--- Send what is pending now.
---@param buf integer
function M.flush(buf)
  local watch = watches[buf]
  if watch then
    watch.timer:stop()
    flush(watch)
  end
end

--- Run `write` without telling the host what it changes; the caller tells it.
---@param buf integer
---@param write fun()
function M.own(buf, write)
  local watch = watches[buf]
  if not watch then
    return write()
  end
  M.flush(buf)
  watch.own = true
  local ok, problem = pcall(write)
  watch.own = false
  watch.tick, watch.lines = api.nvim_buf_get_changedtick(buf), api.nvim_buf_line_count(buf)
  if not ok then
    error(problem, 0)
  end
end

--- What a submit carries, so that the host can see whether its mirror is right.
---@param buf integer
---@return { tick: integer, lines: integer, bytes: integer }
function M.stamp(buf)
  return {
    tick = api.nvim_buf_get_changedtick(buf),
    lines = api.nvim_buf_line_count(buf),
    bytes = byte_count(buf),
  }
end

--- The whole text at once, for a host whose mirror did not fit.
---@param buf integer
---@return { tick: integer, text: string }
function M.whole(buf)
  local watch = watches[buf]
  local text = table.concat(api.nvim_buf_get_lines(buf, 0, -1, true), "\n")
  local tick = api.nvim_buf_get_changedtick(buf)
  if watch then
    watch.first, watch.transfer, watch.tick, watch.lines = nil, nil, tick, api.nvim_buf_line_count(buf)
  end
  return { tick = tick, text = text }
end

---@return integer[]
function M.buffers()
  return vim.tbl_keys(watches)
end

return M
