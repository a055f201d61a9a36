--- Which Python an environment can be made with. Each candidate that does not do is remembered with its reason.

local M = {}

---@class (exact) flemma.Base
---@field path string
---@field version string
---@field venv boolean it can make environments by itself, without uv

local NAMES = { "python3.14", "python3.13", "python3.12", "python3.11", "python3", "python" }

local PROBE = [[
import sys
try:
    import ensurepip, venv
    makes = 1
except ImportError:
    makes = 0
print(sys.version_info[0], sys.version_info[1], "%d.%d.%d" % sys.version_info[:3], makes)
]]

--- uv, also where a Neovim that was not started from a shell would not see it.
---@return string?
function M.uv()
  for _, place in ipairs({ "uv", "~/.local/bin/uv", "~/.cargo/bin/uv" }) do
    local path = vim.fn.exepath(vim.fn.expand(place))
    if path ~= "" then
      return path
    end
  end
end

---@param job flemma.InstallJob
---@param uv string?
---@return string[]
local function candidates(job, uv)
  local chosen = require("flemma.install.venv").chosen()
  if chosen then
    return { chosen }
  end
  local list = {}
  if uv then
    local found = job:await({ uv, "python", "find", "--system", "--no-project", ">=3.11" })
    list[1] = found.code == 0 and vim.trim(found.stdout) or nil
  end
  return vim.list_extend(list, NAMES)
end

--- Look at one candidate.
---@param job flemma.InstallJob
---@param name string
---@param uv string?
---@return flemma.Base?
---@return string? reason
local function probe(job, name, uv)
  local path = vim.fn.exepath(name)
  if path == "" then
    return nil, nil
  end
  local answer = job:await({ path, "-c", PROBE })
  local major, minor, version, makes = (answer.stdout or ""):match("^(%d+) (%d+) (%S+) (%d)")
  if answer.code ~= 0 or not version then
    return nil, ("%s does not run (code %d)"):format(name, answer.code)
  end
  if tonumber(major) ~= 3 or tonumber(minor) < 11 then
    return nil, ("%s is %s"):format(name, version)
  end
  local base = { path = path, version = version, venv = makes == "1" }
  if not base.venv and not uv then
    return nil, ("%s (%s) has no venv module"):format(name, version)
  end
  return base, nil
end

---@param reasons string[]
---@return string
local function advice(reasons)
  local all = table.concat(reasons, ", ")
  local minor = all:match("%(3%.(%d+)[%d.]*%) has no venv module")
  if minor then
    return ("%s: run `apt install python3.%s-venv` (Debian, Ubuntu) or install uv, then :Flemma install"):format(
      all,
      minor
    )
  end
  local found = #reasons > 0 and (" (" .. all .. ")") or " and none was found"
  local how = M.uv() and "run `uv python install 3.13`"
    or "install one (`apt install python3.12 python3.12-venv`, `brew install python@3.13`,"
      .. " or uv and `uv python install 3.13`)"
  return ("Python 3.11 or newer is needed%s: %s, then :Flemma install"):format(found, how)
end

--- The first Python that does, or a sentence that says why none does and what to run.
---@param job flemma.InstallJob
---@param uv string?
---@return flemma.Base?
---@return string? problem
function M.find(job, uv)
  local reasons = {}
  for _, name in ipairs(candidates(job, uv)) do
    local base, reason = probe(job, name, uv)
    if base then
      return base
    end
    if reason and not vim.list_contains(reasons, reason) then
      table.insert(reasons, reason)
    end
  end
  local chosen = require("flemma.install.venv").chosen()
  if chosen and #reasons == 0 then
    return nil, ("vim.g.flemma_python names %s, which is no program: correct it, then :Flemma install"):format(chosen)
  end
  return nil, advice(reasons)
end

return M
