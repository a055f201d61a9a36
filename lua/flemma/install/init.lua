--- `:Flemma install`: Flemma's own Python environment, made without ever keeping the editor waiting.

local M = {}

local Job = require("flemma.install.job")
local venv = require("flemma.install.venv")

---@type flemma.InstallJob? the run that is under way
local running

---@alias flemma.InstallDone fun(good: boolean, message: string)

---@type flemma.InstallDone[] who wants to know how it ends
local waiting = {}

local TICK_MS = 250

---@param job flemma.InstallJob
---@return fun() stop
local function show_progress(job)
  local total, seen = require("flemma.install.steps").packages(), 0
  local progress = require("flemma.progress").start("Flemma install")
  job.on_line = function(line)
    if line:find("^Collecting ") or line:find("^Processing ") or line:find("^ %+ ") then
      seen = math.min(seen + 1, total)
    end
  end
  local timer = assert(vim.uv.new_timer())
  local function show()
    -- Without a screen each update would be one more line of output.
    if running == job and #vim.api.nvim_list_uis() > 0 then
      local text = ("%s, %d s"):format(job.label, job:seconds())
      require("flemma.progress").update(progress, text, math.floor(100 * seen / math.max(total, 1)))
    end
  end
  timer:start(0, TICK_MS, vim.schedule_wrap(show))
  return function(good)
    timer:stop()
    timer:close()
    require("flemma.progress").finish(progress, good)
  end
end

---@param job flemma.InstallJob
---@param good boolean
---@param message string
local function finish(job, good, message)
  running = nil
  job:write_log()
  local callbacks = waiting
  waiting = {}
  require("flemma.notify")[good and "info" or "error"](message)
  require("flemma.host").installed(good, message)
  for _, callback in ipairs(callbacks) do
    callback(good, message)
  end
end

---@param problem string
---@return string
local function failed(problem)
  if problem == "cancelled" then
    return "the install was cancelled; :Flemma install starts it again"
  end
  return ("the packages were not installed: %s (details: %s)"):format(problem, vim.fn.fnamemodify(Job.log_path(), ":~"))
end

--- Make an environment beside the others, then let it take its place.
---@param job flemma.InstallJob
---@return boolean good
---@return string message
local function install(job)
  local before = venv.current()
  local folder = venv.new_folder()
  local stamp, problem = require("flemma.install.steps").make(job, folder)
  local placed, reason = false, problem
  if stamp then
    placed, reason = pcall(venv.put_in_place, folder, stamp)
  end
  if not placed or not stamp then
    venv.remove(folder)
    return false, failed(tostring(reason))
  end
  venv.clean(before and before.folder)
  return true, ("packages are installed (Python %s, %s, %d s)"):format(stamp.python, stamp.tool, job:seconds())
end

---@param job flemma.InstallJob
---@return boolean
local function is_whole(job)
  local current = venv.current()
  return current ~= nil and not venv.is_stale() and not require("flemma.install.steps").look(job, current.python)
end

--- Install, or tell `on_done` of the run that is under way. An environment that fits is left as it is.
---@param opts? { force?: boolean, on_done?: flemma.InstallDone }
function M.run(opts)
  opts = opts or {}
  if opts.on_done then
    table.insert(waiting, opts.on_done)
  end
  if running then
    return require("flemma.notify").info(
      ("the install is under way: %s, %d s"):format(running.label, running:seconds())
    )
  end
  vim.fn.mkdir(vim.fn.stdpath("data"), "p")
  local job = Job.new()
  running = job
  local stop = show_progress(job)
  Job.start(function()
    local good, message = true, "the packages are up to date; `:Flemma install force` makes them anew"
    if opts.force or not is_whole(job) then
      good, message = install(job)
    end
    stop(good)
    finish(job, good, message)
  end, function(problem)
    stop(false)
    finish(job, false, failed(problem))
  end)
end

---@return boolean
function M.is_running()
  return running ~= nil
end

---@return string? what is being done
function M.label()
  return running and running.label
end

function M.cancel()
  if not running then
    return require("flemma.notify").info("no install is under way")
  end
  running:cancel()
end

--- Ask whether to install now. `answered` gets the user's decision.
---@param why string
---@param answered fun(now: boolean)
function M.offer(why, answered)
  vim.ui.select({ "install now", "not now" }, {
    prompt = ("Flemma needs its Python packages (%s). Install them into %s?"):format(
      why,
      vim.fn.fnamemodify(vim.fs.joinpath(vim.fn.stdpath("data"), "flemma"), ":~")
    ),
    kind = "flemma.install",
  }, function(choice)
    answered(choice == "install now")
  end)
end

vim.api.nvim_create_autocmd("VimLeavePre", {
  group = vim.api.nvim_create_augroup("FlemmaInstall", {}),
  callback = function()
    -- What is half made stays unused, and the next install sweeps it away.
    if running then
      running:cancel()
    end
  end,
})

return M
