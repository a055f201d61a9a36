--- Files that tools write and that are open here: whether they have changes that nobody saved, and showing them anew.

local api = vim.api

local M = {}

local RETRY_MS, MOST_RETRIES = 200, 150

--- A path without links, also of a file that is not there yet.
---@param name string
---@return string?
local function real(name)
  local found = vim.uv.fs_realpath(name)
  if found then
    return found
  end
  local folder = vim.uv.fs_realpath(vim.fs.dirname(name))
  return folder and vim.fs.joinpath(folder, vim.fs.basename(name)) or nil
end

--- The loaded buffers of a file for which `wanted` holds.
---@param path string absolute, without links
---@param wanted fun(buf: integer): boolean
---@return integer[]
local function buffers(path, wanted)
  return vim.tbl_filter(function(buf)
    if not api.nvim_buf_is_loaded(buf) or vim.bo[buf].buftype ~= "" or not wanted(buf) then
      return false
    end
    local name = api.nvim_buf_get_name(buf)
    return name ~= "" and real(name) == path
  end, api.nvim_list_bufs())
end

--- Does a buffer hold changes of this file that are not in it?
---@param path string absolute, without links
---@return boolean
function M.is_unsaved(path)
  return #buffers(path, function(buf)
    return vim.bo[buf].modified
  end) > 0
end

--- Read the file into the buffer anew, as 'autoread' does it: without a question, and undo goes back to what was there.
local function reload(buf)
  local own = api.nvim_get_option_value("autoread", { scope = "local", buf = buf })
  vim.bo[buf].autoread = true
  local ok, problem = pcall(api.nvim_cmd, { cmd = "checktime", args = { tostring(buf) }, mods = { silent = true } }, {})
  if own == nil then
    api.nvim_buf_call(buf, function()
      vim.cmd("setlocal autoread<")
    end)
  else
    vim.bo[buf].autoread = own
  end
  if not ok then
    error(problem, 0)
  end
end

--- A buffer that was made before its file was has nothing to compare with: it is read as `:edit` does.
local function is_new(buf)
  return vim.fn.getbufinfo(buf)[1].linecount == 1 and api.nvim_buf_get_lines(buf, 0, 1, true)[1] == ""
end

---@param path string
---@param tries integer
local function show_anew(path, tries)
  local failed = false
  for _, buf in
    ipairs(buffers(path, function(buf)
      return not vim.bo[buf].modified
    end))
  do
    local ok = pcall(function()
      if is_new(buf) then
        api.nvim_buf_call(buf, function()
          vim.cmd("silent keepjumps edit")
        end)
      else
        reload(buf)
      end
    end)
    failed = failed or not ok
  end
  -- Under a text lock nothing can be read; it does not last.
  if failed and tries < MOST_RETRIES then
    vim.defer_fn(function()
      pcall(show_anew, path, tries + 1)
    end, RETRY_MS)
  end
end

--- A file was written: buffers that show it, and have no changes of their own, show what is in it now.
---@param path string absolute, without links
function M.changed(path)
  vim.schedule(function()
    pcall(show_anew, path, 0)
  end)
end

return M
