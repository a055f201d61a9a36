--- A chat that is being written to cannot be edited; whatever happens, it can be edited again afterwards.

local M = {}

---@type table<integer, boolean> buffers we locked
local locked = {}

--- Lock the buffer. False where it was not modifiable before: then it is not ours to write to.
---@param buf integer
---@return boolean
function M.lock(buf)
  if locked[buf] then
    return true
  end
  if not vim.bo[buf].modifiable then
    return false
  end
  locked[buf] = true
  vim.bo[buf].modifiable = false
  return true
end

---@param buf integer
function M.unlock(buf)
  if locked[buf] then
    locked[buf] = nil
    if vim.api.nvim_buf_is_valid(buf) then
      vim.bo[buf].modifiable = true
    end
  end
end

---@param buf integer
---@return boolean
function M.is_locked(buf)
  return locked[buf] == true
end

--- Run `write` on the buffer as if it were not locked. Its error is raised again once the lock is back. 'readonly' is
--- taken off meanwhile: at the first change of such a buffer Neovim warns and sleeps for a second.
---@param buf integer
---@param write fun()
function M.open(buf, write)
  if not locked[buf] then
    return write()
  end
  local readonly = vim.bo[buf].readonly
  vim.bo[buf].modifiable, vim.bo[buf].readonly = true, false
  local ok, problem = pcall(write)
  if vim.api.nvim_buf_is_valid(buf) then
    vim.bo[buf].readonly = readonly
    if locked[buf] then
      vim.bo[buf].modifiable = false
    end
  end
  if not ok then
    error(problem, 0)
  end
end

return M
