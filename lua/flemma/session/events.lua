--- What happens to sessions, for whoever wants to know: the autocommand `User FlemmaSessionEvent`, and functions.

local M = {}

local NAME = "FlemmaSessionEvent"

---@class flemma.session.Event
---@field type string session_info, turn_state, usage, checkpoint, rewind, fork, load, delete, agent_stop, …
---@field sid string? the session's id
---@field bufnr integer? the chat that it is about

--- Tell that something happened.
---@param payload { buf: integer?, type: string, data: table }
function M.receive(payload)
  local data = vim.tbl_extend("force", payload.data, { type = payload.type })
  require("flemma.announce").announce(payload.buf, NAME, data)
end

---@param value any
---@param wanted any
local function fits(value, wanted)
  return wanted == nil or value == wanted
end

--- Call a function with each event; `opts` say which. What comes back ends that.
---@param fn fun(event: flemma.session.Event)
---@param opts? { types?: string[], id?: string, buf?: integer }
---@return fun() unsubscribe
function M.subscribe(fn, opts)
  opts = opts or {}
  local autocommand = vim.api.nvim_create_autocmd("User", {
    pattern = NAME,
    callback = function(event)
      local data = event.data or {}
      local is_wanted = not opts.types or vim.list_contains(opts.types, data.type)
      if is_wanted and fits(data.sid, opts.id) and fits(data.bufnr, opts.buf) then
        fn(data)
      end
    end,
  })
  return function()
    -- A second time, or after somebody cleared all autocommands, there is nothing to end.
    pcall(vim.api.nvim_del_autocmd, autocommand)
  end
end

return M
