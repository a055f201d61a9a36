--- The first prompt of an empty chat, where that is wanted (`editing.auto_prompt`).

local api = vim.api

local M = {}

---@param buf integer
---@return boolean
local function is_blank(buf)
  -- Blank lines by the thousand are no new chat.
  return api.nvim_buf_line_count(buf) < 100
    and not table.concat(api.nvim_buf_get_lines(buf, 0, -1, false), "\n"):find("%S")
end

--- Begin an empty chat with a marker, with the cursor below it. It is no change that anybody would have to save.
---@param buf integer
function M.begin(buf)
  if not require("flemma.settings").get("editing", "auto_prompt") or vim.bo[buf].readonly then
    return
  end
  if not vim.bo[buf].modifiable or vim.bo[buf].buftype ~= "" or not is_blank(buf) then
    return
  end
  local was_modified = vim.bo[buf].modified
  api.nvim_buf_set_lines(buf, 0, -1, false, { "@You:", "" })
  vim.bo[buf].modified = was_modified
  for _, win in ipairs(vim.fn.win_findbuf(buf)) do
    api.nvim_win_set_cursor(win, { 2, 0 })
  end
end

return M
