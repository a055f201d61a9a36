--- What a running tool is handed beside its input: where its chat is, and what it may use.

local M = {}

--- An absolute path as its links lead, also of what is not there yet.
---@param path string
---@return string
local function real(path)
  local missing, folder = {}, vim.fs.normalize(path, { expand_env = false })
  while true do
    local found = vim.uv.fs_realpath(folder)
    if found then
      return #missing == 0 and found or vim.fs.joinpath(found, unpack(missing))
    end
    local parent = vim.fs.dirname(folder)
    if parent == folder then
      return vim.fs.normalize(path, { expand_env = false })
    end
    table.insert(missing, 1, vim.fs.basename(folder))
    folder = parent
  end
end

--- Where a path leads: from `folder` on if it is relative, `~` is the home folder.
---@param folder string
---@param path string
---@return string
local function resolve(folder, path)
  if path == "~" or vim.startswith(path, "~/") then
    return vim.fs.normalize(vim.uv.os_homedir() .. path:sub(2), { expand_env = false })
  end
  if vim.startswith(path, "/") or path:find("^%a:[/\\]") then
    return vim.fs.normalize(path, { expand_env = false })
  end
  return vim.fs.normalize(vim.fs.joinpath(folder, path), { expand_env = false })
end

---@class (exact) flemma.ToolContext
---@field bufnr integer the chat's buffer
---@field tool_id string id of the call
---@field tool_name string
---@field cwd string where relative paths begin: the chat's folder
---@field timeout number seconds until the call is stopped
---@field __dirname string? folder of the chat's file, nil where it has none
---@field __filename string?
---@field path { resolve: fun(path: string): string }
---@field sandbox { is_path_writable: fun(path: string): boolean, wrap_command: fun(argv: string[]): string[] }
---@field truncate table
---@field get_config fun(): table the settings, defaults included

--- The context of a call, from what the host said of it.
---@param payload table
---@return flemma.ToolContext
function M.make(payload)
  local truncate = require("flemma.tools.truncate")
  local limits = { max_lines = payload.max_lines, max_bytes = payload.max_bytes }

  ---@param given flemma.TruncateLimits?
  local function within(given)
    return vim.tbl_extend("force", limits, given or {})
  end

  return {
    bufnr = payload.buf,
    tool_id = payload.tool_id,
    tool_name = payload.name,
    cwd = payload.folder,
    timeout = payload.timeout,
    __dirname = payload.path and vim.fs.dirname(payload.path),
    __filename = payload.path,
    path = {
      resolve = function(path)
        return resolve(payload.folder, path)
      end,
    },
    sandbox = {
      is_path_writable = function(path)
        if not payload.writable then
          return true
        end
        local at = real(resolve(payload.folder, path))
        return vim.iter(payload.writable):any(function(folder)
          return at == folder or vim.startswith(at, folder:gsub("/$", "") .. "/")
        end)
      end,
      wrap_command = function(argv)
        if payload.no_wall then
          error(payload.no_wall, 0)
        end
        return vim.list_extend(vim.list_extend({}, payload.wall or {}), argv)
      end,
    },
    truncate = {
      MAX_LINES = limits.max_lines,
      MAX_BYTES = limits.max_bytes,
      head = function(text, given)
        return truncate.head(text, within(given))
      end,
      tail = function(text, given)
        return truncate.tail(text, within(given))
      end,
      format_size = truncate.format_size,
    },
    get_config = function()
      return require("flemma.settings").whole()
    end,
  }
end

return M
