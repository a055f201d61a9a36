--- Which result blocks the host is about to fill: known here from the moment they are written, so that a host that
--- dies leaves none that looks as if its call had never begun.
---
--- The host writes `(approved)` blocks, waits until they are in the buffer, and only then starts anything.

local api = vim.api

local M = {}

local ns = api.nvim_create_namespace("flemma.blocks")

local HEADER = "%*%*Tool Result:%*%*%s*`[^`]+` %(approved%)$"

---@type table<integer, true> buffers that have such blocks
local known = {}

--- Calls that were cut, and of which nothing has been said.
local cut = 0

--- Lines that the host put into a buffer from `first` (0-based) on.
---@param buf integer
---@param first integer
---@param lines string[]
function M.written(buf, first, lines)
  local fence
  for index, line in ipairs(lines) do
    local ticks, rest = line:match("^(```+)(.*)$")
    if fence then
      if ticks and #ticks >= #fence and rest == "" then
        fence = nil
      end
    elseif ticks then
      fence = ticks
    elseif line:find(HEADER) then
      known[buf] = true
      api.nvim_buf_set_extmark(buf, ns, first + index - 1, 0, { right_gravity = false })
    end
  end
end

--- Nothing runs in this chat any more.
---@param buf integer
function M.settled(buf)
  if known[buf] then
    known[buf] = nil
    if api.nvim_buf_is_valid(buf) then
      api.nvim_buf_clear_namespace(buf, ns, 0, -1)
    end
  end
end

--- Say of each block of a chat that got no result that its call was cut.
---@param buf integer
---@return integer count
local function abort(buf)
  local rows = {}
  for _, mark in ipairs(api.nvim_buf_get_extmarks(buf, ns, 0, -1, {})) do
    rows[mark[2]] = true
  end
  local count = 0
  require("flemma.buffer.lock").open(buf, function()
    api.nvim_buf_call(buf, function()
      for row in pairs(rows) do
        local line = api.nvim_buf_get_lines(buf, row, row + 1, false)[1] or ""
        if line:find(HEADER) then
          pcall(vim.cmd.undojoin)
          local from = #line - #"(approved)"
          api.nvim_buf_set_text(buf, row, from, row, #line, { "(aborted)" })
          count = count + 1
        end
      end
    end)
  end)
  return count
end

--- The host is gone, and with it all that it ran.
function M.host_died()
  for buf in pairs(known) do
    if api.nvim_buf_is_loaded(buf) then
      local ok, found = pcall(abort, buf)
      cut = cut + (ok and found or 0)
    end
    M.settled(buf)
  end
end

--- What to say of the calls that were cut, in all chats, since somebody asked; nothing where there were none.
---@return string?
function M.told()
  local count = cut
  cut = 0
  if count > 0 then
    return ("%s under way and may have run: marked (aborted). "):format(
      count == 1 and "One tool call was" or count .. " tool calls were"
    ) .. "The send key tells the model so; :Flemma tool:execute at one runs it again."
  end
end

return M
