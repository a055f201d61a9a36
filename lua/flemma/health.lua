--- `:checkhealth flemma`. The one place that waits, 3 seconds at most: the user asked and watches.

local M = {}

local health = vim.health
local MOST_MS = 3000

---@param text string
---@return string
local function mask(text)
  return (text:gsub("://[^/@%s]+@", "://***@"))
end

---@param path string
---@return string
local function short(path)
  return vim.fn.fnamemodify(path, ":~")
end

local function check_neovim()
  local version = tostring(vim.version())
  if vim.fn.has("nvim-0.11") == 1 then
    health.ok("Neovim " .. version)
  else
    health.error("Neovim " .. version .. " is too old", "install Neovim 0.11 or newer")
  end
end

local KINDS = {
  chosen = "vim.g.flemma_python",
  checkout = "the checkout's .venv",
  own = "made by :Flemma install",
  found = "the python3 on PATH",
}

local LOOK = [[
import os, sys
sys.path[:] = [folder for folder in sys.path if os.path.isabs(folder)]
sys.path.insert(0, sys.argv[1])
from flemma_py.packages import unfit
print("%d.%d.%d" % sys.version_info[:3])
print(unfit() or "")
]]

--- Version of a Python and why it is unfit, if it is.
---@param python string
---@return string? version
---@return string? problem
local function look_at(python)
  local folder = vim.fs.joinpath(require("flemma").root(), "python")
  local ok, process = pcall(vim.system, { python, "-c", LOOK, folder }, { text = true })
  if not ok then
    return nil, "cannot be started"
  end
  local answer = process:wait(MOST_MS) -- no-sync-ok: the user asked and watches
  local version, problem = (answer.stdout or ""):match("^(%S+)\n([^\n]*)")
  if not version then
    return nil, ("does not answer (code %d)"):format(answer.code)
  end
  return version, problem ~= "" and problem or nil
end

local function check_python()
  local venv = require("flemma.install.venv")
  local python, kind = venv.choose()
  local version, problem = look_at(python)
  local name = ("%s (%s)"):format(short(python), KINDS[kind])
  if problem then
    health.error(("Python %s %s"):format(name, problem), ":Flemma install makes an environment that has everything")
  else
    health.ok(("Python %s: %s, with all packages"):format(version, name))
  end
  if kind == "own" and venv.is_stale() then
    health.warn("Flemma was updated since the packages were installed", ":Flemma install brings its packages")
  elseif kind == "own" then
    health.ok("the packages are those of requirements.lock")
  end
  return problem == nil
end

--- What the host says of itself, or nil if it does not answer in time.
---@return table?
local function ask_host()
  local answer
  local host = require("flemma.host")
  if not host.ensure() then
    return nil
  end
  host.report(function(report)
    answer = report
  end, { whole = true })
  local function answered()
    return answer ~= nil
  end
  vim.wait(MOST_MS, answered, 10) -- no-sync-ok: the user asked and watches
  return answer
end

---@param report table
local function show_host(report)
  local took = require("flemma.host").status().took
  health.ok(("the host runs (process %d, protocol %d, started in %s ms)"):format(report.pid, report.protocol, took))
  local chats = ("%d chats, %d times a mirror was read anew"):format(#report.buffers, report.resyncs)
  if report.resyncs > 0 then
    health.warn(chats, "nothing is lost by it; please report it with the steps that led there")
  else
    health.info(chats)
  end
end

---@param checkup table
local function show_settings(checkup)
  health.info("a send goes to: " .. checkup.endpoint)
  for _, issue in ipairs(checkup.issues) do
    health.warn(issue, ":help flemma-settings")
  end
  if #checkup.issues == 0 then
    health.ok("all settings are known")
  end
end

---@param keys { provider: string, found: boolean, where: string }[]
local function show_keys(keys)
  for _, key in ipairs(keys) do
    if key.found then
      health.ok(("%s: a key was found in %s"):format(key.provider, key.where))
    else
      health.info(("%s: no key (%s)"):format(key.provider, key.where))
    end
  end
end

local function check_network()
  local found = false
  for _, name in ipairs({ "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE" }) do
    local value = vim.env[name] or vim.env[name:lower()]
    if value and value ~= "" then
      found = true
      health.info(("%s is %s"):format(name, mask(value)))
    end
  end
  if not found then
    health.info("no proxy is set in the environment")
  end
end

--- Can files be made in this folder, or can it be made?
---@param folder string
---@return boolean
local function is_writable(folder)
  while not vim.uv.fs_stat(folder) do
    folder = vim.fs.dirname(folder)
  end
  return vim.uv.fs_access(folder, "W") == true
end

local function check_folders()
  for _, kind in ipairs({ "data", "state", "cache", "log" }) do
    local folder = vim.fn.stdpath(kind) --[[@as string]]
    if is_writable(folder) then
      health.ok(("%s can be written (%s)"):format(short(folder), kind))
    else
      health.error(("%s cannot be written (%s)"):format(short(folder), kind), "give yourself the right to write there")
    end
  end
end

local function check_path()
  local found = {}
  for _, file in ipairs(vim.api.nvim_get_runtime_file("lua/flemma/init.lua", true)) do
    found[vim.uv.fs_realpath(file) or file] = true
  end
  local files = vim.tbl_keys(found)
  if #files > 1 then
    table.sort(files)
    health.error("there is more than one flemma on 'runtimepath':\n" .. table.concat(files, "\n"), "remove all but one")
  else
    health.ok("one flemma on 'runtimepath': " .. short(require("flemma").root()))
  end
end

local function check_host(can_run)
  if not can_run then
    return health.error("the host was not started: its Python cannot run it")
  end
  local report = ask_host()
  if not report then
    local why = require("flemma.host").status().dead or "it did not answer within 3 s"
    return health.error("the host is not there: " .. why, "the log has the reason: :Flemma logging:open")
  end
  show_host(report)
  health.start("flemma: settings and keys")
  show_settings(report.checkup)
  show_keys(report.checkup.keys)
end

--- Called by :checkhealth.
function M.check()
  health.start("flemma: programs")
  check_neovim()
  check_path()
  local can_run = check_python()
  check_host(can_run)
  health.start("flemma: network and folders")
  check_network()
  check_folders()
end

return M
