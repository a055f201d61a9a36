--- The grammar as an automaton, one line at a time: which node a line belongs to, and what is open behind it.
---
--- Nodes are shared by all lines of a block. What becomes known later (a thinking block closes, a tool answers) is
--- noted once on the node and holds for every line of it, so that no line has to be visited again.

local lines = require("flemma.ui.lines")

local M = {}

---@class (exact) flemma.Node
---@field kind "preamble"|"frontmatter"|"message"|"thinking"|"tool_use"|"tool_result"
---@field message flemma.Node? the message it stands in; a message's own is itself
---@field closed boolean its last line is there
---@field closes integer? how many lines close it: one, save while an edit is being read
---@field role string? of a message
---@field old boolean? of a message: in this file text may stand behind a marker
---@field inline boolean? of a message: text does stand behind its marker
---@field short boolean? of a message: it holds a fence that looked ahead, so it is only ever read from its head
---@field hopeless table<integer, boolean>? of a message: short fences that nothing closes
---@field single boolean? of a thinking block: its tag is all of it
---@field name string? of a tool use
---@field id string? of a tool block
---@field status string? of a tool result
---@field waiting boolean? of a tool result

--- What is open behind a line: a fence of so many backticks, or one of these. YOU: nothing, and the line is a bare
--- `@You:`; CHECKPOINT: nothing, and the line is the checkpoint below it.
M.START, M.PLAIN, M.AWAIT, M.FRONT, M.CLOSED, M.YOU, M.CHECKPOINT = -4, 0, -1, -3, -2, -5, -6
local PLAIN, AWAIT, FRONT, CLOSED, YOU, CHECKPOINT = M.PLAIN, M.AWAIT, M.FRONT, M.CLOSED, M.YOU, M.CHECKPOINT

---@class (exact) flemma.Scan what a scan needs beside the line
---@field preamble flemma.Node
---@field frontmatter flemma.Node
---@field unfronted boolean line 1 opens a frontmatter that nothing closes
---@field line fun(at: integer): string? any line of the text, by its number
---@field reuse flemma.Node? the message whose head stood here before
---@field closed fun(node: flemma.Node)

---@param role string
---@param rest string
---@param before flemma.Node the message or the preamble above
---@param reuse flemma.Node?
---@return flemma.Node
local function message(role, rest, before, reuse)
  local inline = not lines.is_blank(rest)
  local old = inline
  if before.kind == "message" then
    old = before.old --[[@as boolean]]
  end
  local node = reuse
  if not (node and node.role == role and node.old == old) then
    node = { kind = "message", closed = true, role = role, old = old }
    node.message = node
  end
  -- `short` stays: it keeps the message being read to its end, as its other lines were not looked at yet.
  node.inline, node.hopeless = inline, nil
  return node
end

local function close(scan, node)
  scan.closed(node)
  return node, CLOSED
end

local function block(kind, within, fields)
  local node = fields or {}
  node.kind, node.message, node.closed = kind, within.message, false
  return node
end

--- Is there a close for a fence of one or two backticks before the next marker? It is looked for only once a message.
local function short_fence_closes(scan, within, at, ticks)
  within.short = true
  within.hopeless = within.hopeless or {}
  if within.hopeless[ticks] then
    return false
  end
  local line = scan.line(at + 1)
  while line do
    if lines.closes_fence(line, ticks) then
      return true
    end
    if lines.opens_message(line, within.old) then
      break
    end
    at = at + 1
    line = scan.line(at + 1)
  end
  within.hopeless[ticks] = true
  return false
end

--- A line of a message that may open a block there. Nil where it is prose.
local function opened_block(scan, within, line)
  if within.role == "Assistant" then
    local tag = lines.thinking_tag(line)
    if tag == "whole" then
      return close(scan, block("thinking", within, { single = true }))
    elseif tag then
      return block("thinking", within), PLAIN
    end
    local name, id = lines.tool_use(line)
    if id then
      return block("tool_use", within, { name = name, id = id }), AWAIT
    end
  elseif within.role == "You" then
    local id, status, waiting = lines.tool_result(line)
    if id then
      return block("tool_result", within, { id = id, status = status, waiting = waiting }), AWAIT
    end
  end
end

--- A line where nothing but the node itself is open.
local function plain(scan, node, line, head)
  local byte = line:byte(1)
  if byte == 96 then
    return node, lines.opened_fence(line)
  elseif byte == 64 and not head then
    local within = node.message or node
    local role, rest = lines.opens_message(line, within.kind == "preamble" or within.old)
    if role then
      local next_message = message(role, rest, within, scan.reuse)
      if next_message.inline then
        return plain(scan, next_message, rest:gsub("^[ \t\r\f\v]+", ""), true)
      end
      return next_message, role == "You" and YOU or PLAIN
    end
  elseif node.kind == "thinking" then
    if line == "</thinking>" then
      return close(scan, node)
    end
  elseif (byte == 60 or byte == 42) and node.kind == "message" then
    local found, state = opened_block(scan, node, line)
    if found then
      return found, state
    end
  end
  return node, PLAIN
end

local function in_fence(scan, node, state, line)
  if node.kind == "thinking" and line == "</thinking>" then
    return close(scan, node)
  elseif line:byte(1) == 96 and lines.closes_fence(line, state) then
    if node.kind == "tool_use" or node.kind == "tool_result" then
      return close(scan, node)
    end
    return node, PLAIN
  end
  return node, state
end

--- Read line number `at`.
---@param scan flemma.Scan
---@param node flemma.Node what is open before the line
---@param state integer
---@param line string
---@param at integer
---@return flemma.Node node what the line belongs to
---@return integer state what is open behind it
function M.step(scan, node, state, line, at)
  if state == PLAIN or state == CHECKPOINT then
    return plain(scan, node, line, false)
  elseif state == YOU then
    if line:byte(1) == 60 and lines.checkpoint(line) then
      return node, CHECKPOINT
    end
    return plain(scan, node, line, false)
  elseif state > 0 then
    return in_fence(scan, node, state, line)
  elseif state == AWAIT then
    if lines.is_blank(line) then
      return node, AWAIT
    end
    local ticks = lines.tool_fence(line)
    local within = node.message --[[@as flemma.Node]]
    if ticks > 2 or (ticks > 0 and short_fence_closes(scan, within, at, ticks)) then
      return node, ticks
    end
    return plain(scan, within, line, false)
  elseif state == FRONT then
    if line:find("^```[ \t\r\f\v]*$") then
      return close(scan, node)
    end
    return node, FRONT
  end
  -- START: only here can a frontmatter open.
  if not scan.unfronted and lines.opens_frontmatter(line) then
    return scan.frontmatter, FRONT
  end
  return plain(scan, scan.preamble, line, false)
end

--- What is open behind a line, given what the line itself belongs to.
---@param scan flemma.Scan
---@param node flemma.Node
---@param state integer
---@return flemma.Node
---@return integer
function M.after(scan, node, state)
  if state == CLOSED then
    return node.message or scan.preamble, PLAIN
  end
  return node, state
end

return M
