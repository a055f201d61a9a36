--- Folds that are closed, or left open, when they come about (`editing.auto_close`): each once, so that what is opened
--- or closed by hand stays so.

local api, fn = vim.api, vim.fn

local M = {}

---@type table<flemma.Node, table<string, true>> blocks that had their turn, by message
local done = setmetatable({}, { __mode = "k" })

---@param buf integer
---@param kind string
local function wants(buf, kind)
  return require("flemma.settings").of(buf, "editing", "auto_close", kind)
end

--- What a block is known by when its lines are read anew, which makes another node of it: the id of a call, or where it
--- stands in its message.
local function name(outline, line, node)
  if node.id then
    return node.kind .. " " .. node.id
  end
  local _, first = require("flemma.ui.outline").message_at(outline, line)
  return ("%s %d"):format(node.kind, line - (first or 0))
end

--- Close the fold that begins at the line and is within a message, or open it. One that is as it should be is left
--- alone: closing it again would close what is around it.
local function put(line, close)
  local closed = fn.foldclosed(line)
  if close and closed == -1 and fn.foldlevel(line) > 1 then
    vim.cmd.foldclose({ range = { line }, mods = { emsg_silent = true } })
  elseif not close and closed == line then
    vim.cmd.foldopen({ range = { line }, mods = { emsg_silent = true } })
  end
end

--- Blocks have come about, among lines [first, last) (0-based), and these windows show them.
---@param buf integer
---@param windows integer[]
---@param first integer
---@param last integer
---@param blocks table<flemma.Node, true>
function M.settle(buf, windows, first, last, blocks)
  local outline = next(blocks) and #windows > 0 and require("flemma.ui.outline").of(buf)
  if not outline then
    return
  end
  local nodes, level = outline.nodes, require("flemma.ui.folds").level
  for line = first + 1, last do
    local node = nodes[line]
    local message = node and node.message
    if message and message ~= node and blocks[node] and nodes[line - 1] ~= node and level(outline, line) ~= 1 then
      local had, known = done[message] or {}, name(outline, line, node)
      done[message] = had
      for _, win in ipairs(had[known] and {} or windows) do
        api.nvim_win_call(win, function()
          put(line, wants(buf, node.kind) == true)
        end)
      end
      had[known] = true
    end
  end
end

--- Close what is kept out of requests.
local function close_unsent(outline, windows)
  local pieces = require("flemma.ui.border").pieces(outline)
  for _, win in ipairs(windows) do
    api.nvim_win_call(win, function()
      for _, line in ipairs(pieces) do
        if fn.foldclosed(line) == -1 and fn.foldlevel(line) > 0 then
          vim.cmd.foldclose({ range = { line }, mods = { emsg_silent = true } })
        end
      end
    end)
  end
end

--- Requests begin elsewhere: what is past now is closed, and what is sent again is open, unless all is to be closed
--- anyway ('foldlevel').
---@param buf integer
---@param windows integer[]
---@param former integer where they began before, 0 for the first message
function M.bordered(buf, windows, former)
  local outline = require("flemma.ui.outline").of(buf)
  if not outline then
    return
  elseif outline.border > former then
    if wants(buf, "checkpoint") == true then
      close_unsent(outline, windows)
    end
    return
  end
  local last = math.min(former, outline.count)
  for _, win in ipairs(windows) do
    if vim.wo[win].foldlevel > 0 then
      api.nvim_win_call(win, function()
        local line = math.max(outline.border, 1)
        while line <= last do
          local ends = fn.foldclosedend(line)
          if ends ~= -1 and fn.foldlevel(line) == 1 then
            vim.cmd.foldopen({ range = { line }, mods = { emsg_silent = true } })
          end
          line = math.max(ends, line) + 1
        end
      end)
    end
  end
end

--- A window shows a chat for the first time: its frontmatter comes about with it, and what is past.
---@param buf integer
---@param win integer
function M.opened(buf, win)
  local outline = require("flemma.ui.outline").of(buf)
  local first = outline and outline.nodes[1]
  if first and first.kind == "frontmatter" and first.closed and wants(buf, "frontmatter") == true then
    api.nvim_win_call(win, function()
      put(1, true)
    end)
  end
  if outline and outline.border > 0 and wants(buf, "checkpoint") == true then
    close_unsent(outline, { win })
  end
end

return M
