--- What completion offers behind commands about sessions: read from what is at hand, never asked of the host.

local M = {}

--- Ids of sessions, the latest first.
---@return string[]
function M.sessions()
  local ok, rows = pcall(require("flemma.session").list)
  return ok and vim.tbl_map(function(row)
    return row.id
  end, rows) or {}
end

--- Ids of sessions in the trash: the names of its folders tell.
---@return string[]
function M.trash()
  local settings = require("flemma.settings")
  local folder = settings.get("sessions", "dir") or vim.fs.joinpath(vim.fn.stdpath("state"), "flemma", "sessions")
  local found = {}
  for name in vim.fs.dir(vim.fs.joinpath(vim.fs.normalize(folder), "trash")) do
    found[#found + 1] = name:match("^(.+)%-%d+$")
  end
  table.sort(found, function(a, b)
    return a > b
  end)
  return vim.fn.uniq(found)
end

--- Numbers of the chat's turns, the latest first.
---@return string[]
function M.turns()
  local turns = require("flemma.operations.turns").of(vim.api.nvim_get_current_buf())
  return vim
    .iter(turns)
    :rev()
    :map(function(turn)
      return tostring(turn.number)
    end)
    :totable()
end

return M
