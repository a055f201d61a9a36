--- What a tool call would do before it is run: a line below each result block that waits, and a window at the cursor
--- with all there is to see of one call. The host computes it when it is asked, and pushes it.

local api = vim.api

local M = {}

local ns = api.nvim_create_namespace("flemma.preview")

local GROUPS = {
  add = "FlemmaPreviewAdd",
  remove = "FlemmaPreviewRemove",
  hunk = "FlemmaPreviewHunk",
  command = "FlemmaPreviewCommand",
  note = "FlemmaToolPreview",
  warn = "DiagnosticWarn",
}

---@class (exact) flemma.Preview
---@field id string
---@field name string
---@field line integer 0-based: the header of the result block, or else of the call
---@field waiting boolean it has a result block without content
---@field summary string
---@field lines [string, string][] text and what it is

---@type { win: integer, buf: integer, id: string }? the open window
local open

---@type table<integer, fun()> by buffer: what was asked to be done when previews come
local waiting = {}

---@param message string
local function warn(message)
  require("flemma.notify").warn(message)
end

---@param buf integer
---@param line? integer 0-based
---@return boolean
local function ask(buf, line)
  require("flemma.buffer.watch").flush(buf)
  return require("flemma.host").send("foresee", { buf = buf, line = line })
end

--- Show what the call at the cursor would do. Asked again while its window is open, the cursor goes into that.
function M.at_cursor()
  local buf = api.nvim_get_current_buf()
  if open and api.nvim_win_is_valid(open.win) and open.buf == buf then
    return api.nvim_set_current_win(open.win)
  end
  if vim.bo[buf].filetype ~= "chat" then
    return warn("this buffer is not a chat: it has no tool calls")
  end
  if not ask(buf, api.nvim_win_get_cursor(0)[1] - 1) then
    warn("the host is not running, so what a call would do is not known")
  end
end

--- Show below each result block that waits what its call would do. `done` is called when that has come.
---@param buf integer
---@param done? fun()
---@return boolean asked whether there is a host to ask
function M.refresh(buf, done)
  waiting[buf] = done
  return ask(buf)
end

---@param buf integer
function M.clear(buf)
  if api.nvim_buf_is_valid(buf) then
    api.nvim_buf_clear_namespace(buf, ns, 0, -1)
  end
end

--- Put a line below the header of each result block that waits. It goes when the header is changed.
---@param buf integer
---@param previews flemma.Preview[]
local function place(buf, previews)
  M.clear(buf)
  local count = api.nvim_buf_line_count(buf)
  for _, preview in ipairs(previews) do
    if preview.waiting and preview.line < count then
      local header = api.nvim_buf_get_lines(buf, preview.line, preview.line + 1, false)[1]
      api.nvim_buf_set_extmark(buf, ns, preview.line, 0, {
        end_col = #header,
        virt_lines = { { { preview.summary, "FlemmaToolPreview" } } },
        virt_lines_overflow = "trunc",
        invalidate = true,
        undo_restore = false,
      })
    end
  end
end

---@param preview flemma.Preview
---@return string[] lines
---@return string[] kinds
local function content(preview)
  local lines, kinds = { preview.summary }, { "" }
  if #preview.lines > 0 then
    lines[2], kinds[2] = "", ""
  end
  for _, line in ipairs(preview.lines) do
    lines[#lines + 1], kinds[#kinds + 1] = line[1], line[2]
  end
  return lines, kinds
end

--- A window at the cursor, which goes when the cursor moves on. `q` closes it.
---@param buf integer
---@param preview flemma.Preview
local function show(buf, preview)
  local lines, kinds = content(preview)
  local rows = vim.o.lines - vim.o.cmdheight - 4
  local float, win = vim.lsp.util.open_floating_preview(lines, "", {
    focus_id = "flemma.preview",
    focusable = true,
    wrap = true,
    border = vim.o.winborder == "" and "rounded" or nil,
    max_width = math.max(20, math.min(120, vim.o.columns - 4)),
    max_height = math.max(3, math.floor(rows * 0.8)),
    close_events = { "CursorMoved", "CursorMovedI", "InsertEnter" },
  })
  for row, kind in ipairs(kinds) do
    local group = row == 1 and "Title" or GROUPS[kind]
    if group then
      api.nvim_buf_set_extmark(float, ns, row - 1, 0, { end_col = #lines[row], hl_group = group })
    end
  end
  vim.bo[float].filetype = "flemma-preview"
  open = { win = win, buf = buf, id = preview.id }
end

--- What the host foresaw.
---@param payload { buf: integer, asked: boolean, previews: flemma.Preview[] }
function M.receive(payload)
  local buf = payload.buf
  if not api.nvim_buf_is_loaded(buf) then
    return
  end
  require("flemma.ui.highlights").ensure()
  if not payload.asked then
    place(buf, payload.previews)
    local done = waiting[buf]
    waiting[buf] = nil
    if done then
      done()
    end
  elseif #payload.previews == 0 then
    warn("there is no tool call at the cursor")
  elseif api.nvim_get_current_buf() == buf then
    show(buf, payload.previews[1])
  end
end

return M
