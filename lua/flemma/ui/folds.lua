--- Folds: absolute levels out of the outline, repaired behind every edit that changes more than text.
---
--- Neovim asks `expr()` before `on_lines` has told us of an edit, so its answers are stale: `_foldupdate` asks again
--- for the lines in question. A relative answer ("=") would make it walk back over the whole message for each line.

local api = vim.api

local M = {}

---@class (exact) flemma.Pending lines [first, last) whose folds are to be asked for again
---@field first integer
---@field last integer
---@field born integer?
---@field settled table<flemma.Node, true> blocks that came about while the chat was at work
---@field border integer? where requests began before
---@field scheduled boolean

---@type table<integer, flemma.Pending>
local pending = {}

---@type table<string, { level: fun(node: flemma.Node, outline: flemma.Outline): integer }>
local kinds = setmetatable({}, {
  __index = function(loaded, name)
    loaded[name] = require("flemma.ui.fold_kinds." .. name)
    return loaded[name]
  end,
})

local outline_of, is_unsent

--- The fold level of a line as 'foldexpr' wants it.
---@param outline flemma.Outline
---@param at integer 1-based
---@return string|integer
function M.level(outline, at)
  local nodes = outline.nodes
  local node, above = nodes[at], nodes[at - 1]
  if not node then
    return 0
  end
  local message = node.message
  if message and message ~= (above and above.message) then
    is_unsent = is_unsent or require("flemma.ui.border").is_unsent
    -- All that a checkpoint keeps out of requests is one fold.
    return is_unsent(outline, at) and is_unsent(outline, at - 1) and 1 or ">1"
  elseif node == message then
    return 1
  end
  local level = kinds[node.kind].level(node, outline)
  return level > 1 and node ~= above and ">" .. level or level
end

--- The same while the outline has not been told of an edit.
local function level_of_known(outline, at)
  local known, is_new = require("flemma.ui.outline").as_known(outline, at)
  if is_new then
    local node = outline.nodes[known]
    return node and kinds[node.kind].level(node, outline) or 0
  end
  return M.level(outline, known)
end

--- 'foldexpr' of a chat.
function M.expr()
  outline_of = outline_of or require("flemma.ui.outline").of
  local buf = api.nvim_get_current_buf()
  local outline = outline_of(buf)
  if not outline then
    return 0
  elseif api.nvim_buf_line_count(buf) ~= outline.count then
    return level_of_known(outline, vim.v.lnum)
  end
  return M.level(outline, vim.v.lnum)
end

--- What was appended is to be read, even where what stands above is closed.
local function open_born(buf, win, first)
  local outlines = require("flemma.ui.outline")
  local outline = outlines.of(buf)
  api.nvim_win_call(win, function()
    for line = first, outline and outline.count or 0 do
      if outlines.is_head(outline, line) and vim.fn.foldclosed(line) ~= -1 then
        vim.cmd.foldopen({ range = { line }, mods = { emsg_silent = true } })
      end
    end
  end)
end

local function update(buf, range)
  local total = api.nvim_buf_line_count(buf)
  local first = math.max(math.min(range.first, total - 1), 0)
  local last = math.max(first + 1, math.min(range.last, total))
  local windows = vim.tbl_filter(M.is_ours, vim.fn.win_findbuf(buf))
  for _, win in ipairs(windows) do
    vim._foldupdate(win, first, last)
  end
  if range.border then
    require("flemma.ui.autoclose").bordered(buf, windows, range.border)
  end
  require("flemma.ui.autoclose").settle(buf, windows, first, last, range.settled)
  for _, win in ipairs(windows) do
    if range.born and range.born <= total then
      open_born(buf, win, range.born)
    end
  end
end

--- Neovim updates no folds while somebody inserts, and neither can we: `InsertLeave` comes back to it.
local function flush(buf)
  local range = pending[buf]
  if not range then
    return
  end
  range.scheduled = false
  if api.nvim_get_mode().mode:find("^[iR]") then
    return
  end
  pending[buf] = nil
  if api.nvim_buf_is_loaded(buf) then
    update(buf, range)
  end
end

local function flush_guarded(buf)
  local ok, problem = pcall(flush, buf)
  if not ok then
    pending[buf] = nil
    require("flemma.notify").once("folds failed: " .. tostring(problem))
  end
end

--- Lines may have other levels now.
---@param buf integer
---@param change flemma.Change
---@param shifted integer lines by which those below moved
function M.changed(buf, change, shifted)
  local range = pending[buf]
  if range then
    local moved = math.max(shifted, 0)
    range.first = math.min(range.first, change.first)
    range.last = math.max(range.last + moved, change.last)
    range.born = range.born or change.born
  else
    range = { first = change.first, last = change.last, born = change.born, settled = {}, scheduled = false }
    pending[buf] = range
  end
  if change.border then
    range.border = math.max(range.border or 0, change.border)
  end
  if change.settled and require("flemma.buffer").is_busy(buf) then
    for _, node in ipairs(change.settled) do
      range.settled[node] = true
    end
  end
  if not range.scheduled then
    range.scheduled = true
    vim.schedule(function()
      flush_guarded(buf)
    end)
  end
end

--- Insert mode was left: what was put off is due.
function M.resume()
  vim.schedule(function()
    for buf in pairs(pending) do
      flush_guarded(buf)
    end
  end)
end

M.EXPR = "v:lua.require'flemma.ui.folds'.expr()"
M.TEXT = "v:lua.require'flemma.ui.foldtext'.text()"

---@param win integer
---@return boolean
function M.is_ours(win)
  return vim.wo[win].foldexpr == M.EXPR and vim.wo[win].foldmethod == "expr"
end

---@param buf integer
function M.forget(buf)
  pending[buf] = nil
end

return M
