--- `:Flemma autopilot:enable|disable`: whether calls that the owner's rules allow run unasked, until Neovim ends.

local M = {}

---@param enabled boolean
local function set(enabled)
  local host = require("flemma.host")
  if host.ensure() and not host.send("autopilot", { enabled = enabled }) then
    require("flemma.notify").error("Nothing was changed: the Python host is not there, see :checkhealth flemma.")
  end
end

function M.enable()
  set(true)
end

function M.disable()
  set(false)
end

return M
