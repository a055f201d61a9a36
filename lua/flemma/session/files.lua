--- Where sessions are kept, and reading what is there: for all that is answered without a host.

local uv = vim.uv

local M = {}

local LONGEST_ID = 128

--- The folder that holds a folder for each session, as the host has it: `sessions.dir`, or one in Neovim's state.
---@return string
function M.state()
  local dir = require("flemma.settings").get("sessions", "dir")
  if type(dir) ~= "string" or dir == "" then
    return vim.fs.joinpath(vim.fn.stdpath("state") --[[@as string]], "flemma", "sessions")
  end
  return (vim.fn.fnamemodify(dir, ":p"):gsub("(.)/+$", "%1"))
end

--- The list that the host keeps.
---@return string
function M.snapshot()
  return vim.fs.joinpath(vim.fn.stdpath("cache") --[[@as string]], "flemma", "sessions.mpack")
end

--- Can this be a session's id? It becomes a part of a path.
---@param id any
---@return boolean
function M.is_id(id)
  return type(id) == "string" and #id <= LONGEST_ID and id:find("^[%w_][%w_-]*$") ~= nil
end

---@param id string
---@param name string
---@return string
function M.path(id, name)
  return vim.fs.joinpath(M.state(), id, name)
end

--- All of a file. nil: there is none, or it cannot be read.
---@param path string
---@param most? integer bytes that are wanted
---@return string?
function M.read(path, most)
  local file = uv.fs_open(path, "r", 0)
  if not file then
    return nil
  end
  local status = uv.fs_fstat(file)
  local size = status and status.type == "file" and status.size or 0
  local data = uv.fs_read(file, math.min(size, most or size), 0)
  uv.fs_close(file)
  return data
end

--- Ids of all sessions, in no order.
---@return string[]
function M.ids()
  local found = {}
  local folder = uv.fs_scandir(M.state())
  while folder do
    local name, kind = uv.fs_scandir_next(folder)
    if not name then
      break
    end
    if kind == "directory" and M.is_id(name) and name ~= "trash" and name ~= "locks" then
      found[#found + 1] = name
    end
  end
  return found
end

--- Is there a session with this id, or one that begins so?
---@param id string
---@return boolean
function M.may_exist(id)
  if uv.fs_stat(M.path(id, "journal.jsonl")) then
    return true
  end
  return vim.iter(M.ids()):any(function(known)
    return vim.startswith(known:upper(), id:upper())
  end)
end

return M
