--- The steps of an install: find a Python, make the environment, put the packages in, look whether they are there.

local M = {}

local venv = require("flemma.install.venv")

local LOOK = [[
import sys
sys.path.insert(0, sys.argv[1])
from flemma_py.packages import unfit
sys.exit(unfit())
]]

--- Does this Python have what the host needs? A reason if not.
---@param job flemma.InstallJob
---@param python string
---@return string? problem
function M.look(job, python)
  local answer = job:await({ python, "-c", LOOK, vim.fs.joinpath(require("flemma").root(), "python") })
  return answer.code ~= 0 and vim.trim(answer.output) or nil
end

--- How many packages the lock names.
---@return integer
function M.packages()
  local count = 0
  for line in io.lines(venv.lock_file()) do
    count = count + (line:find("^[%w._-]+==") and 1 or 0)
  end
  return count
end

---@param job flemma.InstallJob
---@param commands { label: string, command: string[] }[]
---@return string? problem
local function run(job, commands)
  for _, step in ipairs(commands) do
    job.label = step.label
    local answer = job:await(step.command)
    if job.cancelled then
      return "cancelled"
    elseif answer.code ~= 0 then
      return require("flemma.install.failure").read(answer.output)
    end
  end
end

---@param folder string
---@param base flemma.Base
---@param uv string
---@return { label: string, command: string[] }[]
local function with_uv(folder, base, uv)
  local python, lock = venv.python(folder), venv.lock_file()
  local install = { uv, "pip", "install", "--python", python, "--require-hashes", "--compile-bytecode", "-r", lock }
  return {
    { label = "making the environment", command = { uv, "venv", "--no-project", "--python", base.path, folder } },
    { label = "installing packages (uv)", command = install },
  }
end

---@param folder string
---@param base flemma.Base
---@return { label: string, command: string[] }[]
local function with_pip(folder, base)
  local install =
    { venv.python(folder), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off" }
  vim.list_extend(install, { "--retries", "2", "--require-hashes", "-r", venv.lock_file() })
  return {
    { label = "making the environment", command = { base.path, "-m", "venv", "--clear", folder } },
    { label = "installing packages (pip)", command = install },
  }
end

--- Make a whole environment in `folder`. uv is quick; where it fails, pip may know an index that uv does not.
---@param job flemma.InstallJob
---@param folder string
---@return flemma.Stamp?
---@return string? problem
function M.make(job, folder)
  job.label = "looking for Python"
  local python = require("flemma.install.python")
  local uv = python.uv()
  local base, problem = python.find(job, uv)
  if not base then
    return nil, job.cancelled and "cancelled" or problem
  end
  local tool = uv and "uv" or "pip"
  problem = run(job, uv and with_uv(folder, base, uv) or with_pip(folder, base))
  if problem and uv and base.venv and not job.cancelled then
    tool, problem = "pip", run(job, with_pip(folder, base))
  end
  job.label = "looking at the packages"
  problem = problem or M.look(job, venv.python(folder))
  if problem then
    return nil, job.cancelled and "cancelled" or problem
  end
  return { lock = venv.fingerprint(), python = base.version, base = venv.chosen() or base.path, tool = tool }
end

return M
