--- What each line of a chat belongs to: two flat arrays, spliced in `on_lines`, so that what Neovim asks about a line
--- is one look into a table.
---
--- An edit is read again from its first line until what is open agrees with what was open there before. It needs no
--- host, and knows nothing of folds or colours: those listen.

local api = vim.api
local scan = require("flemma.ui.scan")

local M = {}

local CHUNK = 1000

---@class (exact) flemma.Change lines [first, last) (0-based) may look other than before
---@field first integer
---@field last integer
---@field born integer? 1-based: the first message head that was appended behind the old end

---@class (exact) flemma.Outline
---@field buf integer
---@field nodes flemma.Node[] by line (1-based)
---@field states integer[] what is open behind each line
---@field scan flemma.Scan
---@field answered table<string, integer> how many finished results there are for a call's id
---@field turned table<flemma.Node, boolean> blocks that closed or opened in this splice: their first lines may be above
---@field listener fun(change: flemma.Change, shifted: integer)?

---@type table<integer, flemma.Outline>
local outlines = {}

--- Any line by its number, fetched in chunks that grow.
local function reader(buf, size)
  local base, chunk = 0, {}
  return function(at)
    local line = chunk[at - base]
    if not line then
      base = at - 1
      chunk = api.nvim_buf_get_lines(buf, base, base + size, false)
      size = math.min(size * 4, CHUNK)
      line = chunk[1]
    end
    return line
  end
end

local function count(outline, node, by)
  if node.kind == "tool_result" and not node.waiting then
    outline.answered[node.id] = (outline.answered[node.id] or 0) + by
  end
  outline.turned[node] = true
end

--- The line's label is about to go: if it closed a block, that is open again.
local function forget(outline, at)
  if outline.states[at] == scan.CLOSED then
    local node = outline.nodes[at]
    if node.closed then
      node.closed = false
      count(outline, node, -1)
    end
  end
end

---@param outline flemma.Outline
local function head_node(outline, at)
  local node, above = outline.nodes[at], outline.nodes[at - 1]
  local message = node and node.message
  return message and message ~= (above and above.message) and message or nil
end

--- Make room for `new` lines where [first, last) were.
local function shift(list, first, last, new)
  local by, length = new - (last - first), #list
  if by > 0 then
    for at = length, last + 1, -1 do
      list[at + by] = list[at]
    end
  elseif by < 0 then
    for at = last + 1, length do
      list[at + by] = list[at]
    end
    for at = length, length + by + 1, -1 do
      list[at] = nil
    end
  end
end

--- Where reading has to begin for an edit whose first line is `first` (0-based): further up where a fence looked ahead.
local function resume_at(outline, first)
  local node = outline.nodes[first]
  local message = node and node.message
  if message and message.short then
    while first > 0 and outline.nodes[first] and outline.nodes[first].message == message do
      first = first - 1
    end
  end
  return first
end

local function state_behind(outline, at)
  if at == 0 then
    return outline.scan.preamble, scan.START
  end
  return scan.after(outline.scan, outline.nodes[at], outline.states[at])
end

--- Read lines from `first` + 1 on, up to line `new` at least and then until all is as it was. Gives the line behind the
--- last one that was read, whether a label changed, and what is open there.
---@param old { node: flemma.Node, state: integer } what was open behind the lines that were replaced
---@param reusable (flemma.Node|false)[] the messages whose heads stood there, by line
local function read(outline, first, new, old, reusable)
  local nodes, states, context = outline.nodes, outline.states, outline.scan
  local node, state = state_behind(outline, first)
  local line_at = reader(outline.buf, math.max(math.min(new - first, CHUNK), 1))
  context.line = line_at
  local total, at, changed = math.max(#nodes, new), first + 1, false
  while at <= total do
    if at > new then
      if node == old.node and state == old.state and not (node.message and node.message.short) then
        break
      end
      context.reuse = nodes[at].message ~= old.node.message and nodes[at].message or nil
      old.node, old.state = scan.after(context, nodes[at], states[at])
      forget(outline, at)
    else
      context.reuse = reusable[at - first] or nil
    end
    local found, behind = scan.step(context, node, state, line_at(at) or "", at)
    changed = changed or nodes[at] ~= found
    nodes[at], states[at] = found, behind
    node, state = scan.after(context, found, behind)
    at = at + 1
  end
  context.reuse = nil
  return at, changed, state
end

--- Read everything. A frontmatter that nothing closes is none: then the lines are read once more without it.
local function whole(outline)
  local context = outline.scan
  for _ = 1, 2 do
    outline.nodes, outline.states, outline.answered = {}, {}, {}
    context.frontmatter.closed = false
    local total = api.nvim_buf_line_count(outline.buf)
    local _, _, state = read(outline, 0, total, { node = context.preamble, state = scan.START }, {})
    if state ~= scan.FRONT then
      break
    end
    context.unfronted = true
  end
  outline.turned = {}
  return { first = 0, last = #outline.nodes }
end

--- Could this edit close, or take away, what line 1 opens?
local function may_front(outline, first, new)
  if not outline.scan.unfronted then
    return false
  end
  for _, line in ipairs(first > 0 and api.nvim_buf_get_lines(outline.buf, first, new, false) or {}) do
    if line:find("^```[ \t\r\f\v]*$") then
      return true
    end
  end
  return first == 0
end

--- Widen [first, last) by the lines that look different because of what was read there: the first lines of blocks
--- that closed or opened, and the calls that have a result now, or none any more.
local function reach(outline, first, last)
  local nodes, from, ids = outline.nodes, first, {}
  for node in pairs(outline.turned) do
    local at = from
    while at > 0 and nodes[at] == node do
      at = at - 1
    end
    first = math.min(first, at)
    if node.kind == "tool_result" then
      ids[node.id] = true
    end
  end
  outline.turned = {}
  if next(ids) then
    for at, node in ipairs(nodes) do
      if node.kind == "tool_use" and ids[node.id] then
        first, last = math.min(first, at - 1), math.max(last, at)
      end
    end
  end
  return first, last
end

--- The first message head behind line `at`.
local function head_behind(outline, at)
  for line = at + 1, #outline.nodes do
    if head_node(outline, line) then
      return line
    end
  end
end

--- Lines [first, last) became [first, new). Gives what may look other than before, or nil if nothing does.
---@param outline flemma.Outline
---@return flemma.Change?
local function splice(outline, first, last, new)
  local length, context = #outline.nodes, outline.scan
  if may_front(outline, first, new) then
    context.unfronted = false
    return whole(outline)
  end
  local old = {}
  old.node, old.state = state_behind(outline, last)
  local start, reusable = resume_at(outline, first), {}
  for at = start + 1, last do
    reusable[at - start] = head_node(outline, at) or false
    forget(outline, at)
  end
  shift(outline.nodes, first, last, new)
  shift(outline.states, first, last, new)
  local at, changed, state = read(outline, start, new, old, reusable)
  if state == scan.FRONT and at > #outline.nodes then
    return whole(outline)
  end
  if not changed and new == last and not next(outline.turned) then
    return nil
  end
  local from, to = reach(outline, start, at - 1)
  return { first = from, last = to, born = last == length and new > length and head_behind(outline, length) or nil }
end

local function tell(outline, change, shifted)
  if change and outline.listener then
    outline.listener(change, shifted)
  end
end

---@param buf integer
---@return flemma.Outline
local function new_outline(buf)
  local outline
  local preamble = { kind = "preamble", closed = true }
  local frontmatter = { kind = "frontmatter", closed = false }
  local function closed(node)
    count(outline, node, 1)
  end
  ---@type flemma.Scan
  local context = { preamble = preamble, frontmatter = frontmatter, unfronted = false, closed = closed }
  outline = { buf = buf, nodes = {}, states = {}, scan = context, answered = {}, turned = {} }
  return outline
end

--- Follow a buffer. The listener is told of every edit that changes more than text.
---@param buf integer
---@param listener? fun(change: flemma.Change, shifted: integer)
function M.attach(buf, listener)
  if outlines[buf] then
    outlines[buf].listener = listener
    return
  end
  local outline = new_outline(buf)
  outline.listener = listener
  outlines[buf] = outline
  whole(outline)
  local function guarded(action)
    return function(...)
      if outlines[buf] ~= outline then
        return true
      end
      local ok, problem = pcall(action, ...)
      if not ok then
        -- An array that is off by one line would stay so: begin anew.
        pcall(whole, outline)
        require("flemma.notify").once("the outline failed and was made anew: " .. tostring(problem))
      end
    end
  end
  api.nvim_buf_attach(buf, false, {
    on_lines = guarded(function(_, _, _, first, last, new)
      tell(outline, splice(outline, first, last, new), new - last)
    end),
    on_reload = guarded(function()
      outline.scan.unfronted = false
      tell(outline, whole(outline), 0)
    end),
    on_detach = function()
      if outlines[buf] == outline then
        outlines[buf] = nil
      end
    end,
  })
end

---@param buf integer
function M.detach(buf)
  outlines[buf] = nil
end

---@param buf integer
---@return flemma.Outline?
function M.of(buf)
  return outlines[buf]
end

--- The message that line `at` (1-based) is in, and its first and last line. Nil above the first marker.
---@param outline flemma.Outline
---@return flemma.Node? message
---@return integer? first
---@return integer? last
function M.message_at(outline, at)
  local nodes = outline.nodes
  local message = nodes[at] and nodes[at].message
  if not message then
    return nil
  end
  local first, last = at, at
  while nodes[first - 1] and nodes[first - 1].message == message do
    first = first - 1
  end
  while nodes[last + 1] and nodes[last + 1].message == message do
    last = last + 1
  end
  return message, first, last
end

--- Whether line `at` (1-based) is the first one of a message.
---@param outline flemma.Outline
---@return boolean
function M.is_head(outline, at)
  return head_node(outline, at) ~= nil
end

return M
