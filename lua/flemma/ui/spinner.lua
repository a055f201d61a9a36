--- "Thinking..." with a spinner, as virtual text: never part of the buffer, drawn by a timer of the editor's own.
---
--- It is there with the key press, on the last line, moves to the role marker once that is written, and shows what the
--- host reports later (a tool call being written, a tool that runs).

local api = vim.api

local M = {}

local ns = api.nvim_create_namespace("flemma.spinner")
local FRAMES = { "⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏" }
local TICK_MS = 100

---@class (exact) flemma.Spinner
---@field label string? nil: nothing is shown
---@field where "marker"|"end"|integer row, or where to look for it
---@field mark integer?

---@type table<integer, flemma.Spinner>
local spinners = {}

---@type uv.uv_timer_t?
local timer
local frame = 1

local function row_of(buf, spinner)
  if type(spinner.where) == "number" then
    return math.min(spinner.where --[[@as integer]], api.nvim_buf_line_count(buf) - 1)
  end
  local rows = require("flemma.buffer.apply").reply_rows(buf)
  if not rows then
    return api.nvim_buf_line_count(buf) - 1
  end
  return spinner.where == "marker" and rows.marker or rows.anchor[1]
end

local function draw(buf, spinner)
  if not api.nvim_buf_is_loaded(buf) then
    spinners[buf] = nil
    return
  end
  if not spinner.label then
    if spinner.mark then
      api.nvim_buf_del_extmark(buf, ns, spinner.mark)
      spinner.mark = nil
    end
    return
  end
  spinner.mark = api.nvim_buf_set_extmark(buf, ns, row_of(buf, spinner), 0, {
    id = spinner.mark,
    virt_text = { { " " .. FRAMES[frame] .. " " .. spinner.label, "Comment" } },
    virt_text_pos = "eol",
    hl_mode = "combine",
  })
end

local function stop_timer()
  if timer then
    timer:stop()
    timer:close()
    timer = nil
  end
end

local function tick()
  frame = frame % #FRAMES + 1
  for buf, spinner in pairs(spinners) do
    -- Guarded: an error here would come back ten times a second.
    if not pcall(draw, buf, spinner) then
      spinners[buf] = nil
    end
  end
  if not next(spinners) then
    stop_timer()
  end
end

--- Show or change what a buffer is busy with.
---@param buf integer
---@param label string?
---@param where "marker"|"end"|integer
function M.show(buf, label, where)
  local spinner = spinners[buf] or { where = where }
  spinner.label, spinner.where = label, where
  spinners[buf] = spinner
  draw(buf, spinner)
  if not timer then
    timer = assert(vim.uv.new_timer())
    timer:start(TICK_MS, TICK_MS, vim.schedule_wrap(tick))
  end
end

--- A send was asked for: show that at once.
---@param buf integer
function M.wait(buf)
  M.show(buf, "Thinking...", "end")
end

---@param buf integer
function M.stop(buf)
  local spinner = spinners[buf]
  spinners[buf] = nil
  if spinner and api.nvim_buf_is_loaded(buf) then
    api.nvim_buf_clear_namespace(buf, ns, 0, -1)
  end
  if not next(spinners) then
    stop_timer()
  end
end

return M
