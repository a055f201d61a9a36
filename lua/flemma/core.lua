--- The way in for keys and scripts of your own.

local M = {}

--- Send the current chat as it is, with no look at pending tool calls. Returns at once; the answer comes later.
---@param opts? { on_request_start?: string|fun(), on_request_complete?: string|fun() }
function M.send_to_provider(opts)
  require("flemma.actions").send_only(opts)
end

--- Stop what the current chat is doing.
function M.cancel_request()
  require("flemma.actions").cancel()
end

return M
