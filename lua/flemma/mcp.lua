--- `:Flemma mcp:…`: servers of tools, resources and prompts, as the host told of them.

local api = vim.api

local M = {}

---@type string[] names of the servers that are known
local names = {}

---@param action string
---@param words? string[]
---@param more? table
function M.send(action, words, more)
  local buf = api.nvim_get_current_buf()
  local name = api.nvim_buf_get_name(buf)
  local payload = { action = action, words = words or {}, buf = buf, name = name }
  local host = require("flemma.host")
  if not host.ensure() or not host.send("mcp", vim.tbl_extend("force", payload, more or {})) then
    require("flemma.notify").error("The Python host is not there, see :checkhealth flemma.")
  end
end

--- A command that names a server, and so many words behind it.
---@param action string
---@param words string[]
---@param usage string
---@param least integer
function M.run(action, words, usage, least)
  if #words < least then
    return require("flemma.notify").warn(("say which: :Flemma mcp:%s %s"):format(action, usage))
  end
  M.send(action, words)
end

--- What to offer behind a command that names a server.
---@param words string[]
---@return string[]
function M.offers(words)
  if #words > 0 then
    return {}
  end
  local found = vim.list_extend({}, names)
  for name in pairs(((require("flemma.settings").get() or {}).mcp or {}).servers or {}) do
    if not vim.tbl_contains(found, name) then
      found[#found + 1] = name
    end
  end
  table.sort(found)
  return found
end

--- What the host tells: the names, or lines that go into a buffer at its cursor.
---@param payload { names: string[]?, buf: integer?, lines: string[]? }
function M.receive(payload)
  names = payload.names or names
  local buf = payload.buf
  if not payload.lines then
    return
  end
  if not (buf and api.nvim_buf_is_loaded(buf)) then
    return
  end
  if not vim.bo[buf].modifiable then
    return require("flemma.notify").warn("this buffer cannot be changed now: nothing was inserted")
  end
  local win = vim.fn.bufwinid(buf)
  local row = win ~= -1 and api.nvim_win_get_cursor(win)[1] or api.nvim_buf_line_count(buf)
  local at = api.nvim_buf_get_lines(buf, row - 1, row, true)[1]
  -- An empty line at the cursor is where it goes.
  api.nvim_buf_set_lines(buf, at == "" and row - 1 or row, row, true, payload.lines)
end

return M
