--- The Python host: our own process, started on the first .chat, watched, and started again when it dies.
---
--- Nothing here waits: jobstart returns at once, what is sent meanwhile lies in the pipe, and the host answers when it
--- can. `on_exit` is the only way in which we learn of its death.

local M = {}

---@class (exact) flemma.Host
---@field channel integer?
---@field ready boolean the host has answered the protocol exchange
---@field started integer when it was started, in milliseconds
---@field failures integer deaths in a row, each soon after its start
---@field leaving boolean Neovim is about to exit
---@field dead string? why it is not started again by itself
---@field stopped integer? channel of the last one that we stopped ourselves
local host = { channel = nil, ready = false, started = 0, failures = 0, leaving = false, dead = nil, stopped = nil }

local BACKOFF_MS = { 100, 500, 1000, 2000, 5000, 10000, 30000 }
local GIVE_UP_AFTER = 4
--- A host that lived this long was well: its death is no sign that the next will die, too.
local WELL_AFTER_MS = 10000

---@type string[] last lines the host wrote to stderr
local complaints = {}

local function report(message)
  require("flemma.notify").error(message)
end

--- The Python to use: the user's choice, the checkout's own venv, the installed venv, else whatever python3 is.
---@return string
function M.python()
  if vim.g.flemma_python then
    return vim.fn.expand(vim.g.flemma_python)
  end
  local bin = vim.fn.has("win32") == 1 and "Scripts/python.exe" or "bin/python"
  for _, venv in ipairs({ require("flemma").root() .. "/.venv", vim.fn.stdpath("data") .. "/flemma/venv" }) do
    if vim.fn.executable(venv .. "/" .. bin) == 1 then
      return venv .. "/" .. bin
    end
  end
  return "python3"
end

local function hello()
  return {
    protocol = require("flemma").protocol,
    channel = host.channel,
    settings = require("flemma.settings").plain(),
    log_folder = vim.fn.stdpath("log"),
    directory = vim.fn.getcwd(),
  }
end

--- End of a host, however it came: leave every buffer usable, then start again.
---@param code integer
local function on_exit(code)
  local was_ready = host.ready
  host.channel, host.ready = nil, false
  if host.leaving then
    return
  end
  local well = vim.uv.now() - host.started > WELL_AFTER_MS
  host.failures = well and 1 or host.failures + 1
  local why = complaints[#complaints] and (" (" .. complaints[#complaints] .. ")") or ""
  complaints = {}
  if host.failures >= GIVE_UP_AFTER then
    host.dead = ("the Python host keeps stopping with code %d%s; see %s, then press the send key to try again"):format(
      code,
      why,
      M.log_path()
    )
    report(host.dead)
    require("flemma.buffer").host_died(was_ready)
    return
  end
  local kept = require("flemma.buffer").host_died(was_ready)
  -- One that never got ready lost nothing: its end is told when the last try has failed, too.
  if was_ready then
    local what = kept and "; what had arrived was kept" or ""
    report(("the Python host stopped (code %d)%s and is started again%s"):format(code, why, what))
  end
  vim.defer_fn(function()
    if not host.dead then
      M.start()
    end
  end, BACKOFF_MS[math.min(host.failures, #BACKOFF_MS)])
end

local function spawn()
  local root = require("flemma").root()
  local command = { M.python(), "-c", "import pynvim; pynvim.start_host()", root .. "/rplugin/python3/flemma.py" }
  return pcall(vim.fn.jobstart, command, {
    rpc = true,
    on_exit = function(id, code)
      if id == host.channel then
        -- Guarded: an error in a callback would raise a prompt that stops every later answer of a new host.
        local ok, problem = pcall(on_exit, code)
        if not ok then
          report("could not tidy up after the host: " .. tostring(problem))
        end
      end
    end,
    on_stderr = function(_, data)
      for _, line in ipairs(data) do
        if line ~= "" then
          complaints[#complaints + 1] = line:sub(1, 200)
          if #complaints > 20 then
            table.remove(complaints, 1)
          end
        end
      end
    end,
  })
end

--- Start the host if there is none. Returns whether one is there (it may still be starting).
---@return boolean
function M.start()
  if host.channel or host.leaving then
    return host.channel ~= nil
  end
  local ok, channel = spawn()
  if not ok or channel <= 0 then
    host.failures = GIVE_UP_AFTER
    host.dead = ("cannot start Python (%s): set vim.g.flemma_python to a Python 3.11 or newer"):format(M.python())
    report(host.dead)
    require("flemma.buffer").host_died(false)
    return false
  end
  host.channel, host.ready, host.dead, host.started = channel, false, nil, vim.uv.now()
  M.send("hello", hello())
  require("flemma.buffer").host_started()
  return true
end

--- Make sure that a host is there for a send: at once, also when a restart was due later or had been given up.
---@return boolean
function M.ensure()
  if host.dead then
    host.failures, host.dead = 0, nil
  end
  return M.start()
end

--- Tell the host something. Never waits and never throws; false where there is no host.
---@param kind string
---@param payload table
---@return boolean
function M.send(kind, payload)
  if not host.channel then
    return false
  end
  return (pcall(vim.rpcnotify, host.channel, "flemma", kind, payload))
end

--- The host answered the protocol exchange.
---@param protocol integer
function M.answered(protocol)
  local ours = require("flemma").protocol
  if protocol == ours then
    host.ready = true
    return
  end
  host.failures = GIVE_UP_AFTER
  M.stop()
  host.dead = ("the Python side speaks protocol %s and the Lua side %d: update Flemma, then restart Neovim"):format(
    tostring(protocol),
    ours
  )
  report(host.dead)
  require("flemma.buffer").host_died(false)
end

--- A host cannot serve, as its Python lacks our packages: the one we started, or a stock one that loaded our entry.
---@param channel integer
---@param reason string
function M.unavailable(channel, reason)
  if not M.is_ours(channel) then
    -- Ours, once stopped, may still answer what lay in its pipe.
    if channel ~= host.stopped then
      report(reason)
    end
    return
  end
  M.stop()
  host.dead = reason
  report(reason)
  require("flemma.buffer").host_died(false)
end

--- May the host on this channel serve this Neovim? Only the one we started may.
---@param channel integer
---@return boolean
function M.is_ours(channel)
  return channel == host.channel
end

function M.stop()
  local channel = host.channel
  host.channel, host.ready, host.stopped = nil, false, channel
  if channel then
    pcall(vim.fn.jobstop, channel)
  end
end

function M.settings_changed()
  M.send("settings", { settings = require("flemma.settings").plain() })
end

---@return string
function M.log_path()
  return vim.fs.joinpath(vim.fn.stdpath("log"), "flemma.log")
end

--- For tests and :checkhealth.
---@return { channel: integer?, pid: integer?, ready: boolean, failures: integer, dead: string? }
function M.status()
  local pid
  if host.channel then
    local ok, found = pcall(vim.fn.jobpid, host.channel)
    pid = ok and found or nil
  end
  return { channel = host.channel, pid = pid, ready = host.ready, failures = host.failures, dead = host.dead }
end

---@type fun(report: table)?
local on_report

--- Ask the host what it knows of itself (process, Python, mirrors). `callback` is called when it answers.
---@param callback fun(report: table)
function M.report(callback)
  on_report = callback
  M.send("report", {})
end

---@param answer table
function M.reported(answer)
  local callback = on_report
  on_report = nil
  if callback then
    callback(answer)
  end
end

vim.api.nvim_create_autocmd("VimLeavePre", {
  group = vim.api.nvim_create_augroup("FlemmaHost", {}),
  callback = function()
    host.leaving = true
  end,
})

return M
