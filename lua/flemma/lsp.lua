--- The language server of chats: a client of Neovim's whose server is the host that runs already.
---
--- What the client asks goes to the host as a notification with a number, and the answer is a message that comes back
--- with it: nothing waits. The text is not sent again, as the host has it. Without a host every request has an empty
--- answer, and `initialize` waits for one.

local api = vim.api

local M = {}

local NAME = "flemma"
--- 'omnifunc' where no client answers.
M.WITHOUT = "v:lua.require'flemma.omnifunc'.complete"
--- After the buffer has been drawn and the host was started: loading `vim.lsp` takes some milliseconds.
local START_AFTER_MS = 50
local CANCELLED = { code = -32800, message = "cancelled" }

---@class (exact) flemma.LspRequest
---@field method string
---@field callback fun(error?: table, result?: any)
---@field done? fun(id: integer) the client may forget the request
---@field payload table
---@field told boolean a host has it

---@type table<integer, flemma.LspRequest>
local pending = {}
local last_id = 0

---@param value any
local function plain(value)
  if value == vim.NIL then
    return nil
  end
  return value
end

---@param id integer
---@param error? table
---@param result? any
local function finish(id, error, result)
  local request = pending[id]
  if not request then
    return
  end
  pending[id] = nil
  if request.done then
    request.done(id)
  end
  -- A client that cancelled has nobody any more who waits.
  if not (error and error.code == CANCELLED.code) then
    request.callback(error, result)
  end
end

--- The buffer that a request is about. A chat without a file has no address: then it is the one that is shown.
---@param params table
---@return integer?
local function buffer_of(params)
  local uri = vim.tbl_get(params, "textDocument", "uri")
  if not uri then
    return nil
  end
  if uri == "file://" then
    return api.nvim_get_current_buf()
  end
  return vim.uri_to_bufnr(uri)
end

---@param id integer
local function tell(id)
  local request = pending[id]
  request.told = require("flemma.host").send("lsp", request.payload)
  return request.told
end

---@param method string
---@param params table?
---@return table
local function payload_for(method, params)
  params = params or {}
  local buf = buffer_of(params)
  local payload = { method = method, params = method == "initialize" and {} or params, buf = buf, tick = 0 }
  if buf and api.nvim_buf_is_loaded(buf) then
    -- What was typed since is told first, so that the answer is about what is there.
    require("flemma.buffer.watch").flush(buf)
    payload.tick = api.nvim_buf_get_changedtick(buf)
    payload.busy = require("flemma.buffer").is_busy(buf)
  end
  return payload
end

--- What Neovim takes for a server.
---@param dispatchers vim.lsp.rpc.Dispatchers
---@return vim.lsp.rpc.PublicClient
local function transport(dispatchers)
  local closing = false
  local function close(code, signal)
    if not closing then
      closing = true
      dispatchers.on_exit(code, signal)
    end
  end
  return {
    request = function(method, params, callback, done)
      last_id = last_id + 1
      local id = last_id
      if method == "shutdown" then
        callback(nil, nil)
        return true, id
      end
      local payload = payload_for(method, params)
      payload.id = id
      pending[id] = { method = method, callback = callback, done = done, payload = payload, told = false }
      if not tell(id) and method ~= "initialize" then
        -- Not before the caller knows the number of its request.
        vim.schedule(function()
          finish(id)
        end)
      end
      return true, id
    end,
    notify = function(method, params)
      if method == "exit" then
        close(0, 0)
      elseif method == "$/cancelRequest" then
        require("flemma.host").send("lsp", { id = params.id, method = method })
        finish(params.id, CANCELLED)
      end
      return true
    end,
    is_closing = function()
      return closing
    end,
    terminate = function()
      close(0, 15)
    end,
  }
end

--- The host answered. An answer that nobody waits for any more is for nobody.
---@param payload { id: integer, error?: table, result?: any }
function M.answered(payload)
  finish(payload.id, plain(payload.error), plain(payload.result))
end

--- A new host is there: it is told what could not be told to another one, and of the client itself. What else another
--- one was told it owes for ever: that host was stopped, or could not serve.
function M.host_started()
  for id, request in pairs(pending) do
    if not request.told or request.method == "initialize" then
      tell(id)
    else
      finish(id)
    end
  end
end

--- The host is gone, and with it the answers that it owed. The server itself goes on with the next one.
function M.host_died()
  for id, request in pairs(pending) do
    if request.method == "initialize" then
      request.told = false
    else
      finish(id)
    end
  end
end

---@type table<string, fun(buf: integer, argument: table)>
local commands = {}

--- Go on with the chat as a command at that line would.
local function submit(mode)
  return function(buf, argument)
    require("flemma.buffer").submit(buf, { mode = mode, line = argument.line })
  end
end

commands["flemma.run"] = submit("execute")
commands["flemma.approve"] = submit("approve")
commands["flemma.reject"] = submit("reject")

commands["flemma.preview"] = function(buf, argument)
  require("flemma.buffer.watch").flush(buf)
  require("flemma.host").send("foresee", { buf = buf, line = argument.line })
end

commands["flemma.stop"] = function(buf, argument)
  require("flemma.host").send("stop_tools", { buf = buf, line = argument.line })
end

commands["flemma.allow"] = function(buf)
  api.nvim_buf_call(buf, require("flemma.approvals").allow)
end

commands["flemma.retry"] = function(buf)
  api.nvim_buf_call(buf, require("flemma.regenerate").last)
end

--- The command goes by the cursor, which stays where it is.
commands["flemma.fork"] = function(buf, argument)
  api.nvim_buf_call(buf, function()
    local view = vim.fn.winsaveview()
    api.nvim_win_set_cursor(0, { math.min(argument.line + 1, api.nvim_buf_line_count(buf)), 0 })
    local ok, problem = pcall(vim.cmd.Flemma, "session:fork")
    if api.nvim_get_current_buf() == buf then
      vim.fn.winrestview(view)
    end
    if not ok then
      error(problem, 0)
    end
  end)
end

--- An edit of a chat that has no file, and so no address.
commands["flemma.edit"] = function(buf, argument)
  vim.lsp.util.apply_text_edits(argument.edits, buf, "utf-8")
end

---@return table<string, fun(command: table, context: table)>
local function guarded_commands()
  return vim.iter(pairs(commands)):fold({}, function(found, name, run)
    found[name] = function(command, context)
      local ok, problem = pcall(run, context.bufnr, command.arguments[1])
      if not ok then
        require("flemma.notify").error(("%s: %s"):format(command.title, tostring(problem)))
      end
    end
    return found
  end)
end

--- The client knows more than what is there without it.
---@param buf integer
local function take_over(_, buf)
  if vim.bo[buf].omnifunc == M.WITHOUT then
    vim.bo[buf].omnifunc = "v:lua.vim.lsp.omnifunc"
  end
end

---@param buf integer
local function start(buf)
  local config = { name = NAME, cmd = transport, commands = guarded_commands(), on_attach = take_over }
  vim.lsp.start(config, {
    bufnr = buf,
    silent = true,
    reuse_client = function(client)
      return client.name == NAME
    end,
  })
end

--- Make the server's features there for a chat, unless the user wants none.
---@param buf integer
function M.attach(buf)
  if require("flemma.settings").get("lsp", "enabled") == false then
    return
  end
  vim.defer_fn(function()
    if not require("flemma.buffer").is_chat(buf) or not api.nvim_buf_is_loaded(buf) then
      return
    end
    local ok, problem = pcall(start, buf)
    if not ok then
      require("flemma.notify").once("no language server: " .. tostring(problem), vim.log.levels.WARN)
    end
  end, START_AFTER_MS)
end

--- The buffer is no chat any more.
---@param buf integer
function M.detach(buf)
  if not package.loaded["vim.lsp"] then
    return
  end
  for _, client in ipairs(vim.lsp.get_clients({ bufnr = buf, name = NAME })) do
    vim.lsp.buf_detach_client(buf, client.id)
  end
end

return M
