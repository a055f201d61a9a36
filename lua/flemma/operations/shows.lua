--- What comes of an operation on sessions, shown: a chat, a choice, a page, an event.

local api = vim.api

local M = {}

--- Give the current window to something else, or open one where its buffer may not be left.
---@param edit fun(split: boolean)
local function take_window(edit)
  local must_stay = vim.bo.modified and not vim.o.hidden and vim.bo.bufhidden == "" and #vim.fn.win_findbuf(0) < 2
  local is_page = vim.b.flemma_page ~= nil or vim.wo.winfixbuf or vim.bo.buftype ~= ""
  edit(must_stay or is_page)
end

--- Show a chat's file, in the window that has it already or in this one.
---@param payload { path: string }
function M.open(payload)
  local win = vim.fn.bufwinid(vim.fn.bufnr("^" .. vim.fn.escape(payload.path, "\\*?[]{},~^$") .. "$"))
  if win > 0 then
    return api.nvim_set_current_win(win)
  end
  take_window(function(split)
    vim.cmd[split and "split" or "edit"]({ args = { vim.fn.fnameescape(payload.path) } })
  end)
end

--- Show a chat that has no file yet, or none any more.
---@param payload { lines: string[], path: string }
function M.fresh(payload)
  take_window(function(split)
    local has_name = payload.path ~= "" and vim.fn.bufexists(payload.path) == 0
    if has_name then
      vim.cmd[split and "split" or "edit"]({ args = { vim.fn.fnameescape(payload.path) } })
    else
      vim.cmd[split and "new" or "enew"]()
    end
    local buf = api.nvim_get_current_buf()
    api.nvim_buf_set_lines(buf, 0, -1, false, payload.lines)
    if vim.bo[buf].filetype ~= "chat" then
      vim.bo[buf].filetype = "chat"
    end
    vim.bo[buf].modified = true
    api.nvim_win_set_cursor(0, { api.nvim_buf_line_count(buf), 0 })
  end)
end

---@class (exact) flemma.SessionRow
---@field id string
---@field title string
---@field model string
---@field when string
---@field cost string
---@field project string
---@field path string
---@field snippet string
---@field pinned boolean
---@field current boolean

--- A session in one line.
---@param row flemma.SessionRow
---@return string
function M.line(row)
  local parts = { row.when, (row.current and "● " or "") .. (row.pinned and "+ " or "") .. row.title }
  for _, part in ipairs({ row.model, row.cost ~= "$0" and row.cost or "" }) do
    parts[#parts + 1] = part ~= "" and part or nil
  end
  local line = table.concat(parts, "  ")
  return row.snippet ~= "" and ("%s  │ %s"):format(line, row.snippet) or line
end

--- Let one of the sessions be chosen, and open it. The last choice may be to see more of them.
---@param payload { title: string, rows: flemma.SessionRow[], again: table? }
function M.choose(payload)
  local choices = vim.list_extend({}, payload.rows)
  local more = payload.again and { again = payload.again } or nil
  choices[#choices + 1] = more
  vim.ui.select(choices, {
    prompt = payload.title,
    kind = "flemma_session",
    format_item = function(row)
      return row == more and "more …" or M.line(row)
    end,
  }, function(row)
    if row and row == more then
      require("flemma.operations").send(row.again.action, row.again)
    elseif row and not row.current then
      require("flemma.operations").load(row.id)
    end
  end)
end

--- Show a page; `more`: only its lines, below those that are there, as long as somebody looks at them.
---@param payload { name: string, more: boolean, lines: string[], marks: table[] }
function M.page(payload)
  local page = require("flemma.ui.page")
  if payload.more and not page.is_shown(payload.name) then
    require("flemma.operations").send("unfollow")
  elseif payload.more then
    page.add(payload.name, payload)
  else
    page.show(payload.name, "flemma-" .. payload.name, payload)
  end
end

--- Tell whoever listens.
---@param payload { type: string, data: table, buf: integer? }
function M.event(payload)
  local data = vim.tbl_extend("force", vim.empty_dict(), payload.data, { type = payload.type })
  require("flemma.announce").announce(payload.buf, "FlemmaSessionEvent", data)
end

return M
