--- What a chat is busy with, beside its text: never part of the buffer, drawn by a timer of the editor's own.
---
--- It is there with the key press, on the last line, moves to the role marker once that is written, and has a clock of
--- its own. A window that does not show that line has a bar at its edge instead.

local api, fn = vim.api, vim.fn

local M = {}

local ns = api.nvim_create_namespace("flemma.spinner")
local TICK_MS = 100
local MARK = 1

---@class (exact) flemma.Spinner
---@field activity flemma.Activity?
---@field where "marker"|"end"|integer row, or where to look for it
---@field since number
---@field timeout number?
---@field message flemma.Progress? what Neovim itself is told

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

---@param buf integer
local function bar_name(buf)
  return "progress " .. buf
end

--- Does the window show the row, and not within a closed fold?
local function shows(win, row)
  local info = fn.getwininfo(win)[1]
  if row + 1 < info.topline or row + 1 > info.botline then
    return false
  end
  return api.nvim_win_call(win, function()
    return fn.foldclosed(row + 1) == -1
  end)
end

--- As it stands on the bar, whose colours are others than those of text: only what is urgent keeps its own.
local URGENT = { FlemmaProgressSoon = true, FlemmaProgressLate = true }

local function on_bar(chunks)
  local shown = vim.tbl_map(function(chunk)
    return { chunk[1], URGENT[chunk[2]] and chunk[2] or nil }
  end, chunks)
  shown[#shown + 1] = { " " }
  return shown
end

local function draw_bars(buf, row, chunks)
  local of, bar, name = require("flemma.settings").of, require("flemma.ui.bar"), bar_name(buf)
  local look = { position = of(buf, "ui", "progress", "position"), highlight = of(buf, "ui", "progress", "highlight") }
  local wanted = {}
  for _, win in ipairs(api.nvim_tabpage_list_wins(0)) do
    if api.nvim_win_get_buf(win) == buf and api.nvim_win_get_config(win).relative == "" and not shows(win, row) then
      wanted[win] = true
      -- While a command line is open, none may be opened: the next tick tries again.
      pcall(bar.show, name, win, chunks, look)
    end
  end
  for _, win in ipairs(bar.windows(name)) do
    if not wanted[win] then
      bar.hide(name, win)
    end
  end
end

local function draw(buf, spinner)
  if not api.nvim_buf_is_loaded(buf) then
    return M.stop(buf)
  end
  local activity = spinner.activity
  -- Calls that run have marks of their own, where they are known by name.
  if not activity or require("flemma.ui.running_marks").draw(buf, frame) then
    api.nvim_buf_clear_namespace(buf, ns, 0, -1)
    return require("flemma.ui.bar").clear(bar_name(buf))
  end
  local activities, row = require("flemma.ui.activity"), row_of(buf, spinner)
  local chunks = activities.chunks(activity, vim.uv.now())
  local picture = activities.frame(activity.phase, frame)
  table.insert(chunks, 1, { " " .. picture .. " ", "FlemmaProgress" })
  api.nvim_buf_set_extmark(buf, ns, row, 0, {
    id = MARK,
    virt_text = chunks,
    virt_text_pos = "eol",
    hl_mode = "combine",
  })
  draw_bars(buf, row, on_bar(chunks))
end

local function stop_timer()
  if timer then
    timer:stop()
    timer:close()
    timer = nil
  end
end

local function tick()
  frame = frame % 4000 + 1
  for buf, spinner in pairs(spinners) do
    -- Guarded: an error here would come back ten times a second.
    if not pcall(draw, buf, spinner) then
      M.stop(buf)
    end
  end
  if not next(spinners) then
    stop_timer()
  end
end

local function begin(buf, where)
  local spinner = { where = where, since = vim.uv.now() }
  spinners[buf] = spinner
  spinner.message = require("flemma.progress").start("Flemma", { quiet = "flemma." .. buf })
  require("flemma.progress").update(spinner.message, require("flemma.ui.activity").WAITING)
  if not timer then
    timer = assert(vim.uv.new_timer())
    timer:start(TICK_MS, TICK_MS, vim.schedule_wrap(tick))
  end
  return spinner
end

--- Show or change what a buffer is busy with.
---@param buf integer
---@param said { label: string?, phase: string?, characters: integer?, tool: string? }
---@param where "marker"|"end"|integer
function M.show(buf, said, where)
  local spinner = spinners[buf] or begin(buf, where)
  local before, now = spinner.activity, vim.uv.now()
  local heard = before and before.characters == said.characters and before.heard or now
  spinner.where = where
  spinner.activity = (said.label or said.phase)
      and {
        label = said.label,
        phase = said.phase,
        characters = said.characters or 0,
        tool = said.tool,
        since = spinner.since,
        heard = heard,
        timeout = not said.label and spinner.timeout or nil,
      }
    or nil
  if not before or before.phase ~= said.phase or before.tool ~= said.tool or before.label ~= said.label then
    require("flemma.state").touch(buf)
  end
  -- What only counts on is drawn with the next tick: a delta is on its way to the text.
  if (before == nil) ~= (spinner.activity == nil) then
    draw(buf, spinner)
  end
end

--- A send was asked for: show that at once.
---@param buf integer
function M.wait(buf)
  M.show(buf, { phase = "waiting", characters = 0 }, "end")
end

--- The request goes out, and its clock begins: after so many seconds of silence it is given up.
---@param buf integer
---@param timeout number
function M.sending(buf, timeout)
  local spinner, now = spinners[buf], vim.uv.now()
  if spinner then
    spinner.since, spinner.timeout = now, timeout
    if spinner.activity then
      spinner.activity.since, spinner.activity.heard, spinner.activity.timeout = now, now, timeout
    end
  end
end

--- What a chat is busy with, for whoever shows it elsewhere. Nil: with nothing.
---@param buf integer
---@return flemma.Activity?
function M.activity(buf)
  return spinners[buf] and vim.deepcopy(spinners[buf].activity)
end

---@param buf integer
---@param good? boolean it ended as it should
function M.stop(buf, good)
  local spinner = spinners[buf]
  spinners[buf] = nil
  if spinner then
    if spinner.message then
      require("flemma.progress").finish(spinner.message, good ~= false)
    end
    require("flemma.ui.bar").clear(bar_name(buf))
    require("flemma.ui.running_marks").clear(buf)
    if api.nvim_buf_is_loaded(buf) then
      api.nvim_buf_clear_namespace(buf, ns, 0, -1)
    end
  end
  if not next(spinners) then
    stop_timer()
  end
end

return M
