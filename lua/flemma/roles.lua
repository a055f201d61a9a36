--- Typing `:` behind `@You` (or another role) at the end of a line in insert mode: the marker, and the line below it.

local api = vim.api

local M = {}

local ROLES = { ["@You"] = true, ["@System"] = true, ["@Assistant"] = true }
--- Milliseconds in which a blank or an Enter is taken for the habit of typing it behind the marker.
local HABIT = 800

--- One Enter or blank that comes at once is swallowed.
local function swallow_habit(buf)
  local keys = { "<CR>", "<Space>" }
  for _, map in ipairs(api.nvim_buf_get_keymap(buf, "i")) do
    for _, key in ipairs(keys) do
      if vim.keycode(map.lhs) == vim.keycode(key) then
        return
      end
    end
  end
  local listener
  local function stop()
    if listener then
      pcall(api.nvim_del_autocmd, listener)
      listener = nil
      for _, key in ipairs(keys) do
        pcall(vim.keymap.del, "i", key, { buffer = buf })
      end
    end
  end
  for _, key in ipairs(keys) do
    vim.keymap.set("i", key, stop, { buffer = buf, desc = "Flemma: behind a role marker" })
  end
  -- Any other key is no habit: it has its meaning, and so has what comes after it.
  listener = api.nvim_create_autocmd({ "InsertCharPre", "InsertLeave", "BufLeave" }, { buffer = buf, callback = stop })
  vim.defer_fn(stop, HABIT)
end

--- What `:` does in insert mode.
function M.colon()
  local buf = api.nvim_get_current_buf()
  local row, column = unpack(api.nvim_win_get_cursor(0))
  local line = api.nvim_get_current_line()
  if column ~= #line or not ROLES[line] or vim.fn.pumvisible() == 1 then
    return api.nvim_feedkeys(":", "ni", false)
  end
  local below = api.nvim_buf_get_lines(buf, row, row + 1, false)[1]
  local is_blank = below ~= nil and not below:find("%S")
  api.nvim_buf_set_lines(buf, row - 1, row + (is_blank and 1 or 0), true, { line .. ":", "" })
  api.nvim_win_set_cursor(0, { row + 1, 0 })
  swallow_habit(buf)
end

return M
