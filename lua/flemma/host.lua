--- The Python host: our own process, started on the first .chat, watched, and started again when it dies.
---
--- Nothing here waits: jobstart returns at once, what is sent meanwhile lies in the pipe, and the host answers when it
--- can. `on_exit` is the only way in which we learn of its death.

local M = {}

---@class (exact) flemma.Host
---@field channel integer?
---@field ready boolean the host has answered the protocol exchange
---@field started number when it was started, in milliseconds of now()
---@field failures integer deaths in a row, each soon after its start
---@field dead string? why it is not started again by itself
---@field lacking string? its Python cannot run it: the next send offers the install
---@field python string? what it was started with
---@field kind flemma.PythonKind?
---@field offered boolean? the user is being asked about the install
---@field took integer? milliseconds from its start to its first answer
---@field stopped integer? channel of the last one that we stopped ourselves
local host = { channel = nil, ready = false, started = 0, failures = 0 }

local BACKOFF_MS = { 100, 500, 1000, 2000, 5000, 10000, 30000 }
local GIVE_UP_AFTER = 4
--- A host that lived this long was well: its death is no sign that the next will die, too.
local WELL_AFTER_MS = 10000

---@type string[] last lines the host wrote to stderr
local complaints = {}

---@return number milliseconds
local function now()
  return vim.uv.hrtime() / 1e6
end

--- Neovim is about to exit: no host is started, and the end of ours is no news.
---@return boolean
local function leaving()
  return vim.v.exiting ~= vim.NIL
end

local function report(message)
  require("flemma.notify").error(message)
end

--- Run in the host's process before anything else: exit codes that say why it cannot be one. With `-c` Python looks for
--- modules in the working directory first; a project that somebody cloned must not run there, nor a file that is only
--- named like a module.
local BOOT = [[
import os, sys
sys.path[:] = [folder for folder in sys.path if os.path.isabs(folder)]
if sys.version_info < (3, 11): sys.exit(65)
try:
    import pynvim
except ImportError:
    sys.exit(66)
pynvim.start_host()
]]
local UNFIT = { [65] = "is older than 3.11", [66] = "lacks the package pynvim" }

--- The tools that Lua registered; their modules are not loaded where there are none.
---@return table
local function tools()
  local modules = require("flemma.settings").get("tools", "modules")
  local wanted = package.loaded["flemma.tools"] or type(modules) ~= "table" or next(modules) ~= nil
  return wanted and require("flemma.tools").told() or { tools = {}, pending = {} }
end

local function hello()
  return {
    protocol = require("flemma").protocol,
    channel = host.channel,
    settings = require("flemma.settings").plain(),
    log_folder = vim.fn.stdpath("log"),
    directory = vim.fn.getcwd(),
    runtime = require("flemma.switch").runtime(),
    parsers = require("flemma.codeblock.parsers").numbers(),
    resolvers = require("flemma.tools.approval").numbers(),
    modules = require("flemma.templating").number(),
    state_folder = vim.fs.joinpath(vim.fn.stdpath("state"), "flemma"),
    cache_folder = vim.fs.joinpath(vim.fn.stdpath("cache"), "flemma"),
    tools = tools(),
    tool_folder = vim.fs.joinpath(vim.fn.stdpath("config"), "flemma", "tools"),
  }
end

--- The host's Python cannot run it. Said at once only where the user can mend it; else the next send offers the
--- install, and a file that is merely opened stays silent.
---@param reason string end of a sentence about the Python
local function cannot_run(reason)
  local python, kind = host.python or "python3", host.kind
  local chats = require("flemma.buffer")
  M.stop()
  host.lacking = ("%s %s"):format(vim.fn.fnamemodify(python, ":~"), reason)
  host.dead = host.lacking .. ": :Flemma install brings the packages"
  if kind == "chosen" or kind == "checkout" then
    host.dead = ("%s: run `%s -m pip install --require-hashes -r %s`, or :Flemma install"):format(
      host.lacking,
      vim.fn.shellescape(python),
      vim.fn.shellescape(require("flemma.install.venv").lock_file())
    )
    report(host.dead)
  end
  if chats.keep_sends() then
    M.ensure()
  end
end

--- End of a host, however it came: leave every buffer usable, then start again.
---@param code integer
local function on_exit(code)
  local was_ready = host.ready
  host.channel, host.ready = nil, false
  if leaving() then
    return
  end
  require("flemma.state").touch()
  if not was_ready and (UNFIT[code] or host.kind == "found") then
    return cannot_run(UNFIT[code] or ("does not run (code %d)"):format(code))
  end
  local well = now() - host.started > WELL_AFTER_MS
  host.failures = well and 1 or host.failures + 1
  local why = complaints[#complaints] and (" (" .. complaints[#complaints] .. ")") or ""
  complaints = {}
  if host.failures >= GIVE_UP_AFTER then
    host.dead = ("the Python host keeps stopping with code %d%s; see %s, then press the send key to try again"):format(
      code,
      why,
      M.log_path()
    )
    require("flemma.buffer").host_died(was_ready)
    local told = require("flemma.buffer.blocks").told()
    report(told and ("%s %s"):format(told, host.dead) or host.dead)
    return
  end
  local kept = require("flemma.buffer").host_died(was_ready)
  local told = require("flemma.buffer.blocks").told()
  -- One that never got ready lost nothing: its end is told when the last try has failed, too.
  if was_ready then
    local what = kept and "; what had arrived was kept" or ""
    local subject = told and told .. " The" or "the"
    report(("%s Python host stopped (code %d)%s and is started again%s"):format(subject, code, why, what))
  end
  vim.defer_fn(function()
    if not host.dead then
      M.start()
    end
  end, BACKOFF_MS[math.min(host.failures, #BACKOFF_MS)])
end

local function spawn()
  local root = require("flemma").root()
  host.python, host.kind = require("flemma.install.venv").choose()
  host.started, host.took = now(), nil
  local command = { host.python, "-c", BOOT, root .. "/rplugin/python3/flemma.py" }
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
  if host.channel or leaving() then
    return host.channel ~= nil
  end
  local ok, channel = spawn()
  if not ok or channel <= 0 then
    cannot_run("is no program that can be started")
    return false
  end
  host.channel, host.ready, host.dead, host.lacking = channel, false, nil, nil
  M.send("hello", hello())
  require("flemma.logging").tell()
  if package.loaded["flemma.diagnostics"] then
    require("flemma.diagnostics").tell()
  end
  require("flemma.buffer").host_started()
  if package.loaded["flemma.lsp"] then
    require("flemma.lsp").host_started()
  end
  return true
end

--- Sends that are kept end without having been sent.
---@param why string
local function give_up(why)
  host.dead = why
  require("flemma.buffer").host_died()
end

local function offer_install()
  local install = require("flemma.install")
  if host.offered or install.is_running() then
    return
  end
  host.offered = true
  vim.schedule(function()
    install.offer(host.lacking or "packages are missing", function(wanted)
      host.offered = false
      if wanted then
        install.run()
      elseif not install.is_running() then
        give_up(host.dead or "the packages are not installed")
        require("flemma.notify").info("not sent: the packages are missing; :Flemma install brings them")
      end
    end)
  end)
end

--- The send for which the install was offered is over: the next one asks anew, whatever became of the question.
function M.offer_over()
  host.offered = false
end

--- An install has ended. New packages are taken into use at once, unless a chat is busy with a host that runs.
---@param good boolean
---@param message string
function M.installed(good, message)
  local chats = require("flemma.buffer")
  if not good then
    if not host.channel then
      give_up(message)
    end
    return
  end
  if host.channel and chats.any_busy() then
    return
  end
  M.stop()
  host.failures, host.dead, host.lacking = 0, nil, nil
  if chats.any() then
    M.start()
  end
end

--- Make sure that a host is there for a send: at once, also when a restart was due later or had been given up.
--- Where its Python lacks packages the user is asked about the install, and the send is kept until that is done.
---@return boolean
function M.ensure()
  if host.lacking and require("flemma.install.venv").choose() == host.python then
    offer_install()
    return true
  end
  host.lacking = nil
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
    require("flemma.state").touch()
    host.took = math.floor(now() - host.started)
    if host.kind == "own" and require("flemma.install.venv").is_stale() then
      local message = "Flemma was updated: :Flemma install brings its packages"
      require("flemma.notify").once(message, vim.log.levels.WARN)
    end
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

--- A host cannot serve, as its Python is too old or lacks our packages: ours, or a stock one that loaded our entry.
---@param channel integer
---@param reason string end of a sentence about its Python
function M.unavailable(channel, reason)
  if M.is_ours(channel) then
    cannot_run(reason)
  elseif channel ~= host.stopped then
    -- Ours, once stopped, may still answer what lay in its pipe; that has been said.
    report(("a Python host that Flemma did not start cannot serve: its Python %s"):format(reason))
  end
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
  if not host.channel then
    return
  end
  -- First: the settings may name tools of modules that they name, too.
  M.send("tools", tools())
  M.send("settings", { settings = require("flemma.settings").plain() })
  require("flemma.tools.approval").tell()
  require("flemma.templating").settings_changed()
  require("flemma.logging").tell()
end

---@return string
function M.log_path()
  return require("flemma.logging").path()
end

--- For tests and :checkhealth.
---@return { channel: integer?, pid: integer?, ready: boolean, failures: integer, dead: string?, took: integer? }
function M.status()
  local pid
  if host.channel then
    local ok, found = pcall(vim.fn.jobpid, host.channel)
    pid = ok and found or nil
  end
  return {
    channel = host.channel,
    pid = pid,
    ready = host.ready,
    failures = host.failures,
    dead = host.dead,
    took = host.took,
  }
end

---@type fun(report: table)?
local on_report

--- Ask the host what it knows of itself (process, Python, mirrors). `callback` is called when it answers.
---@param callback fun(report: table)
---@param opts? { whole: boolean } whole: with settings, keys and packages, for :checkhealth
function M.report(callback, opts)
  on_report = callback
  M.send("report", { whole = opts ~= nil and opts.whole })
end

---@param answer table
function M.reported(answer)
  local callback = on_report
  on_report = nil
  if callback then
    callback(answer)
  end
end

return M
