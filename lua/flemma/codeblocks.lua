--- The code blocks of a message: a text object (`ic`, `ac`), and the last one of the last reply for a register.

local api = vim.api

local M = {}

---@class (exact) flemma.CodeBlock 1-based lines of its fences
---@field first integer
---@field last integer
---@field language string

--- What opens or closes a block in a line: its fence and what stands behind it.
---@param line string
---@return string? fence
---@return string info
local function fence_of(line)
  local fence, info = line:match("^ ? ? ?(```+)(.*)$")
  if not fence then
    fence, info = line:match("^ ? ? ?(~~~+)(.*)$")
  end
  if fence and fence:sub(1, 1) == "`" and info:find("`", 1, true) then
    return nil, ""
  end
  return fence, info or ""
end

--- The code blocks of a message, in their order. Those of tool blocks and thoughts are none of them.
---@param outline flemma.Outline
---@param first integer
---@param last integer
---@return flemma.CodeBlock[]
function M.of(outline, first, last)
  local found, open = {}, nil
  for at, line in ipairs(api.nvim_buf_get_lines(outline.buf, first - 1, last, true)) do
    at = at + first - 1
    local fence, info = fence_of(line)
    if outline.nodes[at].kind ~= "message" then
      open = nil
    elseif fence and not open then
      open = { first = at, fence = fence, language = info:match("^%s*([^%s{]*)") or "" }
    elseif fence and open and vim.startswith(fence, open.fence) and not info:find("%S") then
      found[#found + 1] = { first = open.first, last = at, language = open.language }
      open = nil
    end
  end
  return found
end

--- The block that the cursor is in, or else the next one of its message.
---@return flemma.CodeBlock?
local function here()
  local outlines = require("flemma.ui.outline")
  local outline = outlines.of(api.nvim_get_current_buf())
  local at = api.nvim_win_get_cursor(0)[1]
  local message, first, last
  if outline then
    message, first, last = outlines.message_at(outline, at)
  end
  for _, block in ipairs(message and M.of(outline, first, last) or {}) do
    if at <= block.last then
      return block
    end
  end
end

---@param first integer
---@param last integer
local function select(first, last)
  if api.nvim_get_mode().mode:find("^[vV\22]") then
    vim.cmd.normal({ vim.keycode("<Esc>"), bang = true })
  end
  api.nvim_win_set_cursor(0, { first, 0 })
  vim.cmd.normal({ "V", bang = true })
  api.nvim_win_set_cursor(0, { last, 0 })
end

--- What is between the fences. Of an empty block nothing is selected.
function M.inside()
  local block = here()
  if block and block.last > block.first + 1 then
    select(block.first + 1, block.last - 1)
  end
end

--- The block with its fences.
function M.around()
  local block = here()
  if block then
    select(block.first, block.last)
  end
end

--- The last code block of the last reply that has one.
---@param buf integer
---@return flemma.CodeBlock?
local function last_of_replies(buf)
  local outlines = require("flemma.ui.outline")
  local outline = outlines.of(buf)
  local at = outline and #outline.nodes or 0
  while at >= 1 do
    local message, first, last = outlines.message_at(outline, at)
    if message and message.role == "Assistant" then
      local blocks = M.of(outline, first, last)
      if #blocks > 0 then
        return blocks[#blocks]
      end
    end
    at = (first or at) - 1
  end
end

--- Yank the last code block of the last reply that has one, into `register` or the one that is named by the keys.
---@param register? string
function M.yank(register)
  local buf = api.nvim_get_current_buf()
  local block = last_of_replies(buf)
  if not block then
    return require("flemma.notify").warn("no reply of this chat has a code block")
  end
  register = register and register ~= "" and register or vim.v.register
  local lines = api.nvim_buf_get_lines(buf, block.first, block.last - 1, true)
  vim.fn.setreg(register, lines, "l")
  local what = block.language ~= "" and (" of " .. block.language) or ""
  require("flemma.notify").info(("%d %s%s yanked"):format(#lines, #lines == 1 and "line" or "lines", what))
end

return M
