--- One run of the installer: its processes, one after another in a coroutine, and what they say. Nothing here waits:
--- each process ends with a callback that resumes the coroutine.

local M = {}

---@class (exact) flemma.Answer
---@field code integer
---@field stdout string
---@field output string stdout and stderr

---@class (exact) flemma.InstallJob
---@field process vim.SystemObj?
---@field cancelled boolean
---@field record string[] what was run and said, for the log
---@field label string what is being done
---@field started integer milliseconds of uv.now()
---@field on_line fun(line: string)? sees each line of output
local Job = {}
Job.__index = Job

--- Variables that would send packages elsewhere than into the environment that is being made.
local ASTRAY = { "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX" }

---@return flemma.InstallJob
function M.new()
  local fields = {
    process = nil,
    cancelled = false,
    record = {},
    label = "looking at the packages",
    started = vim.uv.now(),
    on_line = nil,
  }
  return setmetatable(fields, Job)
end

---@return table<string, string>
local function environment()
  local env = vim.fn.environ()
  for _, name in ipairs(ASTRAY) do
    env[name] = nil
  end
  env.PIP_USER, env.PIP_NO_INPUT, env.UV_PYTHON_DOWNLOADS, env.PYTHONUTF8 = "0", "1", "never", "1"
  return env
end

---@param job flemma.InstallJob
---@param pieces string[]
---@param keep fun(data: string)?
local function reader(job, pieces, keep)
  local rest = ""
  return function(_, data)
    if not data then
      return
    end
    table.insert(pieces, data)
    if keep then
      keep(data)
    end
    rest = rest .. data
    for line in rest:gmatch("([^\n]*)\n") do
      if job.on_line then
        job.on_line(line)
      end
    end
    rest = rest:match("[^\n]*$")
  end
end

--- Run a program and come back with what it said. Only inside of the job's coroutine.
---@param command string[]
---@return flemma.Answer
function Job:await(command)
  if self.cancelled then
    return { code = 143, stdout = "", output = "" }
  end
  local thread = assert(coroutine.running())
  local all, out = {}, {}
  local ok, process = pcall(vim.system, command, {
    env = environment(),
    clear_env = true,
    cwd = vim.fn.stdpath("data") --[[@as string]],
    stdin = false,
    stdout = reader(self, all, function(data)
      table.insert(out, data)
    end),
    stderr = reader(self, all),
  }, function(result)
    vim.schedule(function()
      self.process = nil
      coroutine.resume(thread, result.code ~= 0 and result.code or result.signal)
    end)
  end)
  if not ok then
    return { code = 127, stdout = "", output = tostring(process) }
  end
  self.process = process
  local code = coroutine.yield()
  local answer = { code = code, stdout = table.concat(out), output = table.concat(all) }
  vim.list_extend(self.record, { "$ " .. table.concat(command, " "), answer.output, ("-> %d"):format(code), "" })
  return answer
end

--- Run `work` in a coroutine, as `await` needs it. An error in it is handed to `failed`.
---@param work fun()
---@param failed fun(problem: string)
function M.start(work, failed)
  coroutine.resume(coroutine.create(function()
    local ok, problem = xpcall(work, tostring)
    if not ok then
      failed(tostring(problem))
    end
  end))
end

--- End the running process; the job goes on with its failure.
function Job:cancel()
  self.cancelled = true
  if self.process then
    self.process:kill("sigterm")
  end
end

---@return integer
function Job:seconds()
  return math.floor((vim.uv.now() - self.started) / 1000)
end

---@return string
function M.log_path()
  return vim.fs.joinpath(vim.fn.stdpath("log"), "flemma-install.log")
end

--- Keep what was said, readable by its owner alone and without credentials of an index or a proxy.
function Job:write_log()
  local text = table.concat(self.record, "\n"):gsub("://[^/%s@]+@", "://***@")
  pcall(vim.fn.mkdir, vim.fn.stdpath("log"), "p")
  local file = vim.uv.fs_open(M.log_path(), "w", tonumber("600", 8))
  if file then
    vim.uv.fs_write(file, text)
    vim.uv.fs_close(file)
  end
end

return M
