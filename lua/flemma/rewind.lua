--- Files that tools changed, when you go back in a chat: they can be restored with it, once you have read what that
--- would do. The host knows what they held; nothing is done that was not shown.

local api = vim.api

local M = {}

--- How long a rewind waits for the host before the conversation goes back alone.
local PATIENCE_MS = 3000

---@class (exact) flemma.Rewind.Answer
---@field ask integer
---@field problem string?
---@field count integer? how many files would be restored
---@field others integer? how many files and calls that cannot be
---@field summary string?
---@field lines string[]? a diff
---@field level string? of a notice of what was done
---@field message string?

---@type table<integer, fun(answer: flemma.Rewind.Answer)>
local waiting = {}
local asks = 0

local function notify()
  return require("flemma.notify")
end

--- Ask the host; false where there is none. `answered` hears of it once.
---@param buf integer
---@param payload table
---@param answered fun(answer: flemma.Rewind.Answer)
---@return boolean
local function send(buf, payload, answered)
  local host = require("flemma.host")
  if not payload.ask then
    asks = asks + 1
    payload.ask = asks
  end
  require("flemma.buffer.watch").flush(buf)
  waiting[payload.ask] = answered
  if host.ensure() and host.send("rewind", vim.tbl_extend("force", { buf = buf }, payload)) then
    return true
  end
  waiting[payload.ask] = nil
  return false
end

---@param answer flemma.Rewind.Answer
function M.receive(answer)
  local answered = waiting[answer.ask]
  waiting[answer.ask] = nil
  if answered then
    -- A window or a picker may be drawn, and this is called from within a message of the host's.
    vim.schedule(function()
      answered(answer)
    end)
  end
end

---@param lines string[]
---@return integer buf
local function open_page(lines)
  vim.cmd("botright vnew")
  local page = api.nvim_get_current_buf()
  api.nvim_buf_set_lines(page, 0, -1, true, lines)
  vim.bo[page].buftype = "nofile"
  vim.bo[page].bufhidden = "wipe"
  vim.bo[page].swapfile = false
  vim.bo[page].modifiable = false
  vim.bo[page].modified = false
  vim.b[page].flemma_page = "rewind"
  vim.bo[page].filetype = "diff"
  return page
end

--- Show what restoring would do. `y` does it, and then `done` is called; `q` does nothing.
---@param buf integer the chat
---@param answer flemma.Rewind.Answer
---@param done fun()?
local function show(buf, answer, done)
  local page = open_page(answer.lines)
  local is_chosen = false
  api.nvim_create_autocmd("BufWipeout", {
    buffer = page,
    callback = function()
      if not is_chosen then
        require("flemma.host").send("rewind", { action = "forget", buf = buf, ask = answer.ask })
      end
    end,
  })
  local function map(key, about, run)
    vim.keymap.set("n", key, run, { buffer = page, nowait = true, desc = "Flemma: " .. about })
  end
  local function close()
    if api.nvim_buf_is_valid(page) then
      api.nvim_buf_delete(page, { force = true })
    end
  end
  map("q", "leave all files as they are", close)
  if answer.count == 0 then
    return
  end
  map("y", "restore these files", function()
    is_chosen = true
    close()
    local payload = { action = "restore", ask = answer.ask }
    local sent = send(buf, payload, function(told)
      if told.problem then
        return notify().error(told.problem)
      end
      notify().by_level[told.level](told.message)
      if done then
        done()
      end
    end)
    if not sent then
      notify().error("No file was restored: the Python host is not there, see :checkhealth flemma.")
    end
  end)
end

--- Choose what goes back, where files were changed since. `go` lets the conversation go back; `ask` is called instead
--- of a choice where there are no files to restore.
---@param buf integer
---@param line integer 1-based, of the message to go back to
---@param go fun()
---@param ask fun()
function M.offer(buf, line, go, ask)
  local is_over = false
  --- What comes later is not wanted any more.
  local function once(run)
    return function(...)
      if not is_over then
        is_over = true
        run(...)
      end
    end
  end
  local alone = once(function(why)
    if why then
      notify().warn(why)
    end
    ask()
  end)
  local answered = once(function(answer)
    if answer.problem then
      notify().warn(answer.problem)
      return ask()
    elseif answer.count == 0 then
      if answer.others > 0 then
        notify().info(("No file can go back: %s :Flemma session:restore shows why."):format(answer.summary))
      end
      return ask()
    end
    M.choose(buf, answer, go)
  end)
  if not require("flemma.host").status().channel then
    return alone()
  end
  if not send(buf, { action = "look", line = line - 1 }, answered) then
    return alone()
  end
  vim.defer_fn(function()
    alone("The host did not say what tools did to files: only the conversation can go back now.")
  end, PATIENCE_MS)
end

---@param buf integer
---@param answer flemma.Rewind.Answer
---@param go fun()
function M.choose(buf, answer, go)
  local files = answer.count == 1 and "the file" or ("the %d files"):format(answer.count)
  local choices = {
    { text = "The conversation alone", run = go },
    {
      text = ("The conversation and %s that tools changed since (shown first)"):format(files),
      run = function()
        show(buf, answer, go)
      end,
    },
    {
      text = ("Only %s that tools changed since (shown first)"):format(files),
      run = function()
        show(buf, answer)
      end,
    },
  }
  vim.ui.select(choices, {
    prompt = "What goes back?",
    kind = "flemma_rewind",
    format_item = function(choice)
      return choice.text
    end,
  }, function(choice)
    if choice then
      choice.run()
    end
  end)
end

--- Show what would bring files back to what they were before the message on `line` was sent, or with `undo` to what
--- they were before they were restored last.
---@param buf integer
---@param what { line: integer? }|{ undo: true }
function M.restore(buf, what)
  if not require("flemma.buffer").is_chat(buf) then
    return notify().warn("this buffer is not a chat: go to the one whose tools changed files")
  end
  local payload = what.undo and { action = "undo" } or { action = "look", line = what.line - 1 }
  local sent = send(buf, payload, function(answer)
    if answer.problem then
      return notify().error(answer.problem)
    elseif answer.count + answer.others == 0 then
      return notify().info(what.undo and "No file was restored, or all are so already." or answer.summary)
    end
    show(buf, answer)
  end)
  if not sent then
    notify().error("The Python host is not there, see :checkhealth flemma.")
  end
end

return M
