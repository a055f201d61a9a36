--- Providers and their models, as data. `models` is read from `flemma.models` when it is asked for.

---@class flemma.provider.Config
---@field models table<string, { default: string?, models: table<string, table> }>
local M = {}

return setmetatable(M, {
  __index = function(_, name)
    return name == "models" and require("flemma.models").providers or nil
  end,
})
