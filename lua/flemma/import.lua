--- `:Flemma import`: the text of a buffer goes to the host in slices and comes back as a chat, in one undo step.
---
--- Nothing is locked while the host reads. Who changes the text before the chat is there keeps it, and is told.

local api = vim.api

local M = {}

--- Bytes of one message to the host.
local SLICE = 1000000
--- Lines that are written at once: a few milliseconds of the main loop.
local LINES = 20000
local RETRY_MS = 50

---@class (exact) flemma.Import
---@field run integer
---@field tick integer changedtick of the text that is being read
---@field lines string[] what has come back

---@type table<integer, flemma.Import> by buffer
local imports = {}

local runs = 0

local function notify()
  return require("flemma.notify")
end

--- Is this what the buffer waits for, and is its text still the one that was read? Forgets it if not.
---@param buf integer
---@param run integer
---@return flemma.Import?
local function current(buf, run)
  local import = imports[buf]
  if not import or import.run ~= run then
    return nil
  end
  if not api.nvim_buf_is_loaded(buf) then
    imports[buf] = nil
    return nil
  end
  if api.nvim_buf_get_changedtick(buf) ~= import.tick then
    imports[buf] = nil
    notify().warn("not imported: the text was changed meanwhile; :Flemma import again")
    return nil
  end
  return import
end

--- The end of a slice of at most SLICE bytes from `first` on, not within a character.
local function slice_end(text, first)
  local last = math.min(first + SLICE - 1, #text)
  while last < #text and last > first and text:byte(last + 1) >= 0x80 and text:byte(last + 1) < 0xC0 do
    last = last - 1
  end
  return last
end

---@param buf integer
---@param pick integer?
local function send(buf, pick)
  runs = runs + 1
  local run = runs
  imports[buf] = { run = run, tick = api.nvim_buf_get_changedtick(buf), lines = {} }
  local text = table.concat(api.nvim_buf_get_lines(buf, 0, -1, true), "\n")
  local first = 1
  local function step()
    if not current(buf, run) then
      return
    end
    local last = slice_end(text, first)
    local payload = { buf = buf, run = run, pick = pick, text = text:sub(first, last), more = last < #text }
    if not require("flemma.host").send("import", payload) then
      imports[buf] = nil
      return notify().error("not imported: the Python host is not there")
    end
    first = last + 1
    if payload.more then
      vim.defer_fn(step, 1)
    end
  end
  step()
end

--- Why the text of this buffer cannot be replaced.
---@param buf integer
---@return string?
local function obstacle(buf)
  if require("flemma.buffer").is_busy(buf) then
    return "this chat is still busy: <C-c> or :Flemma cancel ends that"
  end
  if not vim.bo[buf].modifiable then
    return "this buffer cannot be changed ('modifiable' is off)"
  end
  local host = require("flemma.host")
  if not host.ensure() or not host.status().channel then
    return ("not imported: %s"):format(host.status().dead or "the Python host is not there")
  end
end

--- Make a chat of the text in a buffer.
---@param buf integer
---@param pick integer? which of several conversations, from 1 on
local function begin(buf, pick)
  local problem = obstacle(buf)
  if problem then
    return notify().error(problem)
  end
  send(buf, pick)
end

--- Make a chat of the text in the current buffer.
---@param word string? the number of the conversation, of several
function M.run(word)
  local pick = word and tonumber(word)
  if word and not (pick and pick >= 1 and pick == math.floor(pick)) then
    return notify().error((":Flemma import takes the number of a conversation, not %s"):format(word))
  end
  begin(api.nvim_get_current_buf(), pick)
end

--- Ask which of several conversations is meant.
local function ask(buf, run, items)
  local numbers = {}
  for number in ipairs(items) do
    numbers[number] = number
  end
  vim.ui.select(numbers, {
    prompt = "Import which conversation?",
    kind = "flemma_import",
    format_item = function(number)
      return items[number]
    end,
  }, function(number)
    if not number then
      imports[buf] = nil
      return notify().info("Nothing was imported.")
    end
    if current(buf, run) then
      begin(buf, number)
    end
  end)
end

--- Lines [first, last) of the chat go to their place; the first ones take the place of the text.
local function write(buf, lines, first, last)
  require("flemma.buffer.watch").own(buf, function()
    require("flemma.buffer.lock").open(buf, function()
      api.nvim_buf_call(buf, function()
        if first == 0 then
          -- Setting 'undolevels' closes the open undo step, so that the import is one of its own.
          vim.bo[buf].undolevels = vim.bo[buf].undolevels
        else
          vim.cmd.undojoin()
        end
        api.nvim_buf_set_lines(buf, first, -1, true, vim.list_slice(lines, first + 1, last))
      end)
    end)
  end)
end

--- The chat is there: what a buffer gets that was one from the beginning.
local function settle(buf)
  local was_chat = vim.bo[buf].filetype == "chat"
  if was_chat then
    require("flemma.buffer.autowrite").write(buf)
  else
    -- Not written by itself: the file is the one with the code or the export.
    vim.bo[buf].filetype = "chat"
  end
  for _, win in ipairs(vim.fn.win_findbuf(buf)) do
    api.nvim_win_set_cursor(win, { api.nvim_buf_line_count(buf), 0 })
  end
end

---@param problem string
local function is_text_lock(problem)
  return problem:find("E565", 1, true) ~= nil or problem:find("E523", 1, true) ~= nil
end

--- Write the chat slice by slice; the buffer is locked meanwhile. `done` is called with the problem, if there is one.
---@param buf integer
---@param lines string[]
---@param done fun(problem: string?)
local function replace(buf, lines, done)
  local first = 0
  local function step()
    if not api.nvim_buf_is_loaded(buf) then
      return require("flemma.buffer.lock").unlock(buf)
    end
    local last = math.min(first + LINES, #lines)
    local ok, problem = pcall(write, buf, lines, first, last)
    if not ok and is_text_lock(tostring(problem)) then
      -- An expression mapping is running: a moment later the text can be changed again.
      return vim.defer_fn(step, RETRY_MS)
    end
    if not ok or last == #lines then
      return done(not ok and tostring(problem) or nil)
    end
    first = last
    vim.defer_fn(step, 1)
  end
  step()
end

---@param buf integer
---@param run integer
---@param notice string
local function finish(buf, run, notice)
  local import = current(buf, run)
  if not import then
    return
  end
  imports[buf] = nil
  local lock, watch = require("flemma.buffer.lock"), require("flemma.buffer.watch")
  if require("flemma.buffer").is_busy(buf) or not lock.lock(buf) then
    return notify().error("not imported: this buffer cannot be changed now")
  end
  replace(buf, import.lines, function(problem)
    lock.unlock(buf)
    if vim.tbl_contains(watch.buffers(), buf) then
      watch.attach(buf)
    end
    if problem then
      return notify().error("not imported: " .. problem)
    end
    settle(buf)
    notify().info(notice)
  end)
end

--- What the host says of an import.
---@param payload { buf: integer, run: integer, problem?: string, items?: string[], lines?: string[], notice?: string }
---@return { gone: boolean }
function M.receive(payload)
  local buf, run = payload.buf, payload.run
  local import = current(buf, run)
  if not import then
    return { gone = true }
  end
  if payload.problem then
    imports[buf] = nil
    notify().error(payload.problem)
  elseif payload.items then
    -- Scheduled: a picker may wait for a key, and the host waits for this answer.
    vim.schedule(function()
      ask(buf, run, payload.items)
    end)
  elseif payload.lines then
    vim.list_extend(import.lines, payload.lines)
  else
    vim.schedule(function()
      finish(buf, run, payload.notice)
    end)
  end
  return { gone = false }
end

return M
