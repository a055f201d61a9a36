--- `:Flemma logging:tail`: the end of the log in a split, which grows as the file does. `q` closes it.

local api = vim.api

local M = {}

local EVERY_MS = 300
--- Bytes of the end that are shown at first, and lines that are kept.
local FIRST_BYTES, MOST_LINES = 64 * 1024, 5000

---@class (exact) flemma.Tail
---@field buf integer
---@field path string
---@field offset integer bytes that were read
---@field rest string the beginning of a line whose end is still to come
---@field poll uv.uv_fs_poll_t

--- What was added to the file since. A shorter file is another one: the log has begun anew.
---@param tail flemma.Tail
---@return string
local function added(tail)
  local stat = vim.uv.fs_stat(tail.path)
  local size = stat and stat.size or 0
  if size < tail.offset then
    tail.offset, tail.rest = 0, ""
  end
  local file = size > tail.offset and vim.uv.fs_open(tail.path, "r", 292)
  if not file then
    return ""
  end
  local data = vim.uv.fs_read(file, size - tail.offset, tail.offset) or ""
  vim.uv.fs_close(file)
  tail.offset = tail.offset + #data
  return data --[[@as string]]
end

--- Windows that stand at the end go along.
local function show(tail, lines)
  local count = api.nvim_buf_line_count(tail.buf)
  local is_empty = count == 1 and api.nvim_buf_get_lines(tail.buf, 0, 1, true)[1] == ""
  local following = vim.tbl_filter(function(win)
    return api.nvim_win_get_cursor(win)[1] == count
  end, vim.fn.win_findbuf(tail.buf))
  vim.bo[tail.buf].modifiable = true
  api.nvim_buf_set_lines(tail.buf, is_empty and 0 or -1, -1, true, lines)
  local surplus = api.nvim_buf_line_count(tail.buf) - MOST_LINES
  if surplus > 0 then
    api.nvim_buf_set_lines(tail.buf, 0, surplus, true, {})
  end
  vim.bo[tail.buf].modifiable = false
  for _, win in ipairs(following) do
    api.nvim_win_set_cursor(win, { api.nvim_buf_line_count(tail.buf), 0 })
  end
end

---@param tail flemma.Tail
local function grow(tail)
  if not api.nvim_buf_is_loaded(tail.buf) then
    return
  end
  local lines = vim.split(tail.rest .. added(tail), "\n", { plain = true })
  tail.rest = table.remove(lines)
  if #lines > 0 then
    show(tail, lines)
  end
end

--- Follow the log. Where it is followed already, go there.
function M.open()
  local path = require("flemma.logging").path()
  local name = "flemma://log"
  local known = vim.fn.bufwinid(vim.fn.bufnr("^" .. name .. "$"))
  if known > 0 then
    return api.nvim_set_current_win(known)
  end
  require("flemma.logging").warn_if_off()
  vim.cmd("botright 12new")
  local buf = api.nvim_get_current_buf()
  vim.bo[buf].buftype, vim.bo[buf].bufhidden, vim.bo[buf].swapfile = "nofile", "wipe", false
  pcall(api.nvim_buf_set_name, buf, name)
  vim.bo[buf].filetype = "flemma-log"
  vim.keymap.set("n", "q", "<Cmd>close<CR>", { buffer = buf, nowait = true, desc = "Flemma: close" })
  local stat = vim.uv.fs_stat(path)
  local from = math.max((stat and stat.size or 0) - FIRST_BYTES, 0)
  local poll = assert(vim.uv.new_fs_poll())
  local tail = { buf = buf, path = path, offset = from, rest = "", poll = poll }
  grow(tail)
  if from > 0 then
    -- It begins within a line.
    vim.bo[buf].modifiable = true
    api.nvim_buf_set_lines(buf, 0, 1, true, {})
    vim.bo[buf].modifiable = false
  end
  api.nvim_win_set_cursor(0, { api.nvim_buf_line_count(buf), 0 })
  poll:start(
    path,
    EVERY_MS,
    vim.schedule_wrap(function()
      pcall(grow, tail)
    end)
  )
  api.nvim_create_autocmd("BufWipeout", {
    buffer = buf,
    once = true,
    callback = function()
      poll:stop()
      poll:close()
    end,
  })
end

return M
