--- A read-only page in a split: what the host drew, `q` closes it. One of a kind in a tab, used again.

local api = vim.api

local M = {}

local ns = api.nvim_create_namespace("flemma.page")

local GROUPS = {
  title = "Title",
  section = "FlemmaPageSection",
  label = "FlemmaPageLabel",
  branch = "NonText",
  note = "Comment",
  good = "DiagnosticOk",
  warn = "DiagnosticWarn",
  error = "DiagnosticError",
}

--- The window of this tab that shows a page of this kind.
---@param name string
---@return integer?
local function shown(name)
  for _, win in ipairs(api.nvim_tabpage_list_wins(0)) do
    if vim.b[api.nvim_win_get_buf(win)].flemma_page == name then
      return win
    end
  end
end

--- Whether a page of this kind is open in this tab.
---@param name string
---@return boolean
function M.is_shown(name)
  return shown(name) ~= nil
end

---@param buf integer
---@param marks [integer, integer, integer, string][]
---@param below integer lines above those that the marks count from
local function draw(buf, marks, below)
  for _, mark in ipairs(marks) do
    local row, from, to, kind = unpack(mark)
    api.nvim_buf_set_extmark(buf, ns, below + row, from, { end_col = to, hl_group = GROUPS[kind] })
  end
end

---@param name string
---@param filetype string
---@return integer buf
local function open(name, filetype)
  local win = shown(name)
  if win then
    return api.nvim_win_get_buf(win)
  end
  vim.cmd("botright vnew")
  local buf = api.nvim_get_current_buf()
  vim.bo[buf].buftype = "nofile"
  vim.bo[buf].bufhidden = "wipe"
  vim.bo[buf].swapfile = false
  vim.b[buf].flemma_page = name
  -- A second tab may show the same: then the name is taken, and the buffer does without.
  pcall(api.nvim_buf_set_name, buf, "flemma://" .. name)
  vim.bo[buf].filetype = filetype
  local window = api.nvim_get_current_win()
  local look = {
    number = false,
    relativenumber = false,
    signcolumn = "no",
    list = false,
    wrap = true,
    linebreak = true,
    breakindent = true,
  }
  for option, value in pairs(look) do
    api.nvim_set_option_value(option, value, { scope = "local", win = window })
  end
  vim.keymap.set("n", "q", "<Cmd>close<CR>", { buffer = buf, nowait = true, desc = "Flemma: close" })
  return buf
end

--- Show `page` under the name and filetype. Where it is open already the cursor stays, and so does the window.
---@param name string
---@param filetype string
---@param page { lines: string[], marks: [integer, integer, integer, string][] }
---@return integer buf
function M.show(name, filetype, page)
  require("flemma.ui.highlights").ensure()
  local buf = open(name, filetype)
  vim.bo[buf].modifiable = true
  api.nvim_buf_set_lines(buf, 0, -1, true, page.lines)
  api.nvim_buf_clear_namespace(buf, ns, 0, -1)
  draw(buf, page.marks, 0)
  vim.bo[buf].modifiable = false
  vim.bo[buf].modified = false
  return buf
end

--- Add lines to a page that is shown in this tab. A window whose cursor is on the last line goes along.
---@param name string
---@param page { lines: string[], marks: [integer, integer, integer, string][] }
function M.add(name, page)
  local win = assert(shown(name))
  local buf = api.nvim_win_get_buf(win)
  local last = api.nvim_buf_line_count(buf)
  local follows = api.nvim_win_get_cursor(win)[1] == last
  vim.bo[buf].modifiable = true
  api.nvim_buf_set_lines(buf, last, last, true, page.lines)
  draw(buf, page.marks, last)
  vim.bo[buf].modifiable = false
  vim.bo[buf].modified = false
  if follows then
    api.nvim_win_set_cursor(win, { api.nvim_buf_line_count(buf), 0 })
  end
end

return M
