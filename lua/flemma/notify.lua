--- What Flemma says to the user: one titled notice, delivered from the main loop, each "once" text only once.

local M = {}

local said = {}

---@param message string
---@param level integer one of vim.log.levels
local function deliver(message, level)
  vim.schedule(function()
    -- A notice must never become an error of its own: the user's vim.notify may be anything.
    local ok = pcall(vim.notify, "Flemma: " .. message, level, { title = "Flemma" })
    if not ok then
      pcall(vim.api.nvim_echo, { { "Flemma: " .. message } }, true, {})
    end
  end)
end

---@param message string
function M.info(message)
  deliver(message, vim.log.levels.INFO)
end

---@param message string
function M.warn(message)
  deliver(message, vim.log.levels.WARN)
end

---@param message string
function M.error(message)
  deliver(message, vim.log.levels.ERROR)
end

--- Say it the first time only.
---@param message string
---@param level integer
function M.once(message, level)
  if not said[message] then
    said[message] = true
    deliver(message, level)
  end
end

---@type table<string, fun(message: string)>
M.by_level = { info = M.info, warn = M.warn, error = M.error }

return M
