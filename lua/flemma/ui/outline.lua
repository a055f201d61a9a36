--- What each line of a chat belongs to: two flat arrays, spliced in `on_lines`, so that what Neovim asks about a line
--- is one look into a table.
---
--- An edit is read again from its first line until what is open agrees with what was open there before. It needs no
--- host, and knows nothing of folds or colours: those listen.

local api = vim.api
local border = require("flemma.ui.border")
local scan = require("flemma.ui.scan")

local M = {}

local CHUNK = 1000

---@class (exact) flemma.Change lines [first, last) (0-based) may look other than before
---@field first integer
---@field last integer
---@field born integer? 1-based: the first message head that was appended behind the old end
---@field settled flemma.Node[]? blocks that have come to their end, and calls that have come to a result
---@field border integer? requests begin elsewhere now: not at this line (0: not with the first message)

---@class (exact) flemma.Outline
---@field buf integer
---@field nodes flemma.Node[] by line (1-based)
---@field states integer[] what is open behind each line
---@field scan flemma.Scan
---@field answered table<string, integer> how many finished results there are for a call's id
---@field turned table<flemma.Node, boolean> blocks that closed or opened in this splice: their first lines may be above
---@field count integer number of lines
---@field border integer the line of the last checkpoint (1-based), 0 where there is none
---@field hint flemma.Hint|false|nil the edit that on_bytes told of and on_lines has not yet; false: more than one
---@field asked integer the last line that was asked about while the arrays were behind
---@field listener fun(change: flemma.Change, shifted: integer)?

---@class (exact) flemma.Hint an edit: `kept` lines above it are as before, then `new` lines are in place of `old`
---@field kept integer
---@field old integer
---@field new integer

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

--- One more line, or one less, closes this block. While an edit is read both the old and the new close may count.
local function close(outline, node, by)
  local was = node.closed
  node.closes = (node.closes or 0) + by
  node.closed = node.closes > 0
  if was == node.closed then
    return
  end
  outline.turned[node] = true
  if node.kind == "tool_result" and not node.waiting then
    outline.answered[node.id] = (outline.answered[node.id] or 0) + (node.closed and 1 or -1)
  end
end

--- The line's label is about to go.
local function forget(outline, at)
  if outline.states[at] == scan.CLOSED then
    close(outline, outline.nodes[at], -1)
  end
end

local function head_node(outline, at)
  local node, above = outline.nodes[at], outline.nodes[at - 1]
  local message = node and node.message
  return message and message ~= (above and above.message) and message or nil
end

--- Make room for [first, new) where [first, last) was.
local function shift(list, length, last, new)
  local by = new - last
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
  local at, changed = first + 1, false
  while at <= outline.count do
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
    context.frontmatter.closed, context.frontmatter.closes = false, 0
    outline.count = api.nvim_buf_line_count(outline.buf)
    local _, _, state = read(outline, 0, outline.count, { node = context.preamble, state = scan.START }, {})
    if state ~= scan.FRONT then
      break
    end
    context.unfronted = true
  end
  outline.turned, outline.hint, outline.asked = {}, nil, 0
  local before = outline.border
  outline.border = border.find(outline, 1, outline.count)
  return { first = 0, last = outline.count, border = outline.border ~= before and before or nil }
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
  local nodes, from, ids, settled = outline.nodes, first, {}, {}
  for node in pairs(outline.turned) do
    settled[#settled + 1] = node.closed and node or nil
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
        settled[#settled + 1] = nodes[at - 1] ~= node and node or nil
      end
    end
  end
  return first, last, settled
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
  local asked, length, context = outline.asked, outline.count, outline.scan
  outline.hint, outline.asked, outline.count = nil, 0, outline.count + new - last
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
  shift(outline.nodes, length, last, new)
  shift(outline.states, length, last, new)
  local at, changed, state = read(outline, start, new, old, reusable)
  if state == scan.FRONT and at > outline.count then
    return whole(outline)
  end
  local former = border.follow(outline, first, last, new, start, at - 1)
  if not changed and new == last and not next(outline.turned) and not former then
    return nil
  end
  local from, to, settled = reach(outline, start, math.max(at - 1, asked))
  -- Neovim joins and splits folds at the borders it is asked about: one line above, and to where a message begins.
  from, to = math.max(from - 1, 0), (head_behind(outline, to) or #outline.nodes)
  from = former and 0 or from
  local born = last == length and new > length and head_behind(outline, length) or nil
  return { first = from, last = to, born = born, settled = settled, border = former }
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
    close(outline, node, 1)
  end
  ---@type flemma.Scan
  local context = { preamble = preamble, frontmatter = frontmatter, unfronted = false, closed = closed }
  outline =
    { buf = buf, nodes = {}, states = {}, scan = context, answered = {}, turned = {}, count = 0, asked = 0, border = 0 }
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
    -- Comes before Neovim asks about the lines anew, where on_lines comes after. Not so in an undo: there the lines
    -- are in step already.
    on_bytes = guarded(function(_, _, _, row, column, _, old, _, _, new)
      if old ~= new and api.nvim_buf_line_count(buf) ~= outline.count then
        outline.hint = outline.hint == nil and { kept = column == 0 and row or row + 1, old = old, new = new }
      end
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

--- The line that now is at `at`, as the arrays still know it: while Neovim has changed the text and not told us so.
---@param outline flemma.Outline
---@param at integer 1-based
---@return integer at
---@return boolean is_new the line was not there before; `at` is the one above
function M.as_known(outline, at)
  outline.asked = math.max(outline.asked, at)
  local hint = outline.hint
  if not hint or at <= hint.kept then
    return math.min(at, outline.count), false
  elseif at > hint.kept + hint.new then
    return math.min(at + hint.old - hint.new, outline.count), false
  end
  return math.min(hint.kept, outline.count), true
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
