--- Writes what the host sends: edits that land at extmarks, joined to one undo step per group.
---
--- Every call ends with the buffer locked as it was. A text lock (an expression mapping is running) is answered with
--- "retry": the host keeps the batch and comes again.

local api = vim.api

local M = {}

local ns = api.nvim_create_namespace("flemma.reply")

---@class (exact) flemma.Place one edit's place: what stood from (row, col) to (end_row, end_col) was replaced
---@field row integer
---@field col integer -1: the end of the line
---@field end_row integer
---@field end_col integer -1: the end of the line
---@field lines boolean? whole lines [row, end_row) were replaced

---@class (exact) flemma.Reply marks of what is being written into a buffer
---@field start integer?
---@field anchor integer?
---@field named table<string, integer>
---@field marker integer? at the role marker's line
---@field group integer
---@field joinable boolean nobody else changed the text since our last write

---@type table<integer, flemma.Reply>
local replies = {}

---@param buf integer
---@return flemma.Reply
local function reply_of(buf)
  replies[buf] = replies[buf] or { named = {}, group = -1, joinable = false }
  return replies[buf]
end

---@return integer? row
---@return integer? col
local function position(buf, mark)
  if not mark then
    return nil
  end
  local found = api.nvim_buf_get_extmark_by_id(buf, ns, mark, {})
  return found[1], found[2]
end

local function line_length(buf, row)
  return #api.nvim_buf_get_lines(buf, row, row + 1, true)[1]
end

--- Insert text at a position and say where it went.
---@return flemma.Place
local function insert(buf, row, col, text)
  local at_end = col == line_length(buf, row)
  api.nvim_buf_set_text(buf, row, col, row, col, vim.split(text, "\n", { plain = true }))
  local column = at_end and -1 or col
  return { row = row, col = column, end_row = row, end_col = column }
end

---@type table<string, fun(buf: integer, reply: flemma.Reply, edit: table): flemma.Place>
local edits = {}

function edits.begin(buf, reply, edit)
  local row = api.nvim_buf_line_count(buf) - 1
  local col = line_length(buf, row)
  api.nvim_buf_clear_namespace(buf, ns, 0, -1)
  reply.named = {}
  reply.start = api.nvim_buf_set_extmark(buf, ns, row, col, { right_gravity = false })
  local place = insert(buf, row, col, edit.text)
  local last = api.nvim_buf_line_count(buf) - 1
  reply.anchor = api.nvim_buf_set_extmark(buf, ns, last, line_length(buf, last), {})
  reply.marker = api.nvim_buf_set_extmark(buf, ns, row + edit.marker_line, 0, { right_gravity = false })
  return place
end

function edits.append(buf, reply, edit)
  local row, col = position(buf, reply.anchor)
  if not row then
    -- The mark is gone with the text around it: the end of the buffer is where a reply belongs.
    row = api.nvim_buf_line_count(buf) - 1
    col = line_length(buf, row)
    reply.anchor = api.nvim_buf_set_extmark(buf, ns, row, col, {})
  end
  local place = insert(buf, row, col, edit.text)
  if edit.mark then
    local marked = row + edit.mark[2]
    reply.named[edit.mark[1]] = api.nvim_buf_set_extmark(buf, ns, marked, 0, { right_gravity = false })
  end
  return place
end

function edits.set_marked(buf, reply, edit)
  local row = position(buf, reply.named[edit.name])
  if not row then
    error("the text to change is gone", 0)
  end
  api.nvim_buf_set_text(buf, row, 0, row, line_length(buf, row), { edit.text })
  return { row = row, col = 0, end_row = row, end_col = -1 }
end

function edits.remove_reply(buf, reply)
  local row, col = position(buf, reply.start)
  local end_row, end_col = position(buf, reply.anchor)
  if not (row and end_row) then
    return { row = 0, col = 0, end_row = 0, end_col = 0 }
  end
  local at_start = col == line_length(buf, row)
  local at_end = end_col == line_length(buf, end_row)
  api.nvim_buf_set_text(buf, row, col, end_row, end_col, {})
  return {
    row = row,
    col = at_start and -1 or col,
    end_row = end_row,
    end_col = at_end and -1 or end_col,
  }
end

function edits.splice(buf, _, edit)
  api.nvim_buf_set_lines(buf, edit.first, edit.last, true, edit.lines)
  -- Guarded: what is written is written, and the mirror has to be told where.
  pcall(require("flemma.buffer.blocks").written, buf, edit.first, edit.lines)
  return { row = edit.first, col = 0, end_row = edit.last, end_col = 0, lines = true }
end

--- Join this write to the group's earlier ones, but only while nobody else changed the text in between.
local function join_undo(buf, reply, group)
  if reply.group == group and reply.joinable then
    -- E790 after an undo: then this write begins a new step, which is right.
    pcall(vim.cmd.undojoin)
  else
    -- Setting 'undolevels' closes the open undo step, so that what the user typed just before stays apart.
    vim.bo[buf].undolevels = vim.bo[buf].undolevels
  end
  reply.group = group
end

---@param problem string
local function is_text_lock(problem)
  return problem:find("E565", 1, true) ~= nil or problem:find("E523", 1, true) ~= nil
end

local function write(buf, request)
  local reply, places = reply_of(buf), {}
  local function all()
    join_undo(buf, reply, request.group)
    for _, edit in ipairs(request.edits) do
      places[#places + 1] = edits[edit.kind](buf, reply, edit)
    end
  end
  require("flemma.buffer.watch").own(buf, function()
    require("flemma.buffer.lock").open(buf, function()
      api.nvim_buf_call(buf, all)
    end)
  end)
  reply.joinable = true
  return places
end

--- Perform a batch. Answers with `places` and the new stamp, or with `retry`, `gone` or `problem`.
---@param request { buf: integer, group: integer, edits: table[] }
---@return table
function M.apply(request)
  local buf = request.buf
  if not api.nvim_buf_is_loaded(buf) then
    return { gone = true }
  end
  local follow = require("flemma.buffer.follow")
  local following = follow.windows(buf)
  local ok, places = pcall(write, buf, request)
  if not ok then
    local problem = tostring(places)
    if is_text_lock(problem) then
      return { retry = true }
    end
    return { problem = problem, stamp = require("flemma.buffer.watch").stamp(buf) }
  end
  -- Guarded: what is written is written, and the mirror has to be told where.
  pcall(follow.to_end, buf, following)
  if request.edits[#request.edits].kind == "remove_reply" then
    pcall(follow.back, buf)
  end
  return { places = places, stamp = require("flemma.buffer.watch").stamp(buf) }
end

--- Somebody else changed the text: what they did must not become part of the reply's undo step. (The changedtick alone
--- does not tell: `:write` moves it, too.)
---@param buf integer
function M.edited(buf)
  if replies[buf] then
    replies[buf].joinable = false
  end
end

--- Rows of the reply that is being written: its start, role marker and end. Nil where there is none.
---@param buf integer
---@return { start: integer[], marker: integer, anchor: integer[] }?
function M.reply_rows(buf)
  local reply = replies[buf]
  if not (reply and reply.start) then
    return nil
  end
  local row, col = position(buf, reply.start)
  local end_row, end_col = position(buf, reply.anchor)
  local marker = position(buf, reply.marker)
  if row and end_row and marker then
    return { start = { row, col }, marker = marker, anchor = { end_row, end_col } }
  end
end

--- The reply is over: its marks go, its undo group stays closed.
---@param buf integer
function M.finish(buf)
  replies[buf] = nil
  require("flemma.buffer.blocks").settled(buf)
  if api.nvim_buf_is_valid(buf) then
    api.nvim_buf_clear_namespace(buf, ns, 0, -1)
  end
end

return M
