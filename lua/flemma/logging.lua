--- `:Flemma logging:…`: what goes into the log from now on, whatever the settings say, until Neovim is left.

local M = {}

local LEVELS = { "TRACE", "DEBUG", "INFO", "WARN", "ERROR" }

---@type { enabled: boolean, level: string? }? what a command chose
local chosen

--- Tell the host, if a command chose something.
function M.tell()
  if chosen then
    require("flemma.host").send("logging", { enabled = chosen.enabled, level = chosen.level or "" })
  end
end

---@return boolean
local function is_enabled()
  if chosen then
    return chosen.enabled
  end
  return require("flemma.settings").get("logging", "enabled") == true
end

--- The log file, which the host writes.
---@return string
function M.path()
  local path = require("flemma.settings").get("logging", "path")
  if type(path) == "string" and path ~= "" then
    return vim.fs.normalize(path)
  end
  return vim.fs.joinpath(vim.fn.stdpath("log"), "flemma.log")
end

--- Write the log from now on, at `level` or the settings' own.
---@param level? string
function M.enable(level)
  local notify = require("flemma.notify")
  level = level and level:upper()
  if level and not vim.list_contains(LEVELS, level) then
    return notify.error(("there is no log level %s: it is one of %s"):format(level, table.concat(LEVELS, ", ")))
  end
  chosen = { enabled = true, level = level }
  M.tell()
  notify.info(("logging to %s"):format(vim.fn.fnamemodify(M.path(), ":~")))
end

--- Only errors from now on.
function M.disable()
  chosen = { enabled = false }
  M.tell()
  require("flemma.notify").info("logging is off; errors are still written")
end

--- Say so where the log has errors only.
function M.warn_if_off()
  if not is_enabled() then
    require("flemma.notify").warn("logging is off, so this has errors only: :Flemma logging:enable starts it")
  end
end

--- Show the log in a tab of its own, at its end.
function M.open()
  M.warn_if_off()
  vim.cmd.tabedit(vim.fn.fnameescape(M.path()))
  vim.bo.autoread = true
  vim.bo.modifiable = false
  vim.cmd("normal! G")
end

return M
