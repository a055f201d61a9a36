--- The turns of a chat: each begins where you say something. What only answers tool calls begins none.

local api = vim.api

local M = {}

---@class (exact) flemma.ChatTurn
---@field number integer from 1
---@field line integer 1-based, of its `@You:`
---@field said integer the last line of what you say in it
---@field last integer its last line: before the next turn, or the chat's end
---@field label string the first line of what you say

--- What you say first in a message, nil if it has results of tools alone.
---@param outline flemma.Outline
---@param first integer
---@param last integer
---@return string?
local function label_of(outline, first, last)
  for at, line in ipairs(api.nvim_buf_get_lines(outline.buf, first - 1, last, false)) do
    local text = vim.trim(at == 1 and line:gsub("^@%a+:", "", 1) or line)
    local is_ours = text:find("^<!%-%- flemma:%w+ %-%->$") ~= nil
    if text ~= "" and not is_ours and outline.nodes[first + at - 1].kind ~= "tool_result" then
      return text
    end
  end
end

--- All turns of a chat that have been begun, in order: a prompt with nothing in it is none yet.
---@param buf integer
---@return flemma.ChatTurn[]
function M.of(buf)
  local outlines = require("flemma.ui.outline")
  local outline = outlines.of(buf)
  local found, at = {}, 1
  while outline and at <= #outline.nodes do
    local message, first, last = outlines.message_at(outline, at)
    if message and message.role == "You" then
      local label = label_of(outline, first, last)
      if label then
        found[#found + 1] = { number = #found + 1, line = first, said = last, label = label }
      end
    end
    at = (last or at) + 1
  end
  for index, turn in ipairs(found) do
    turn.last = found[index + 1] and found[index + 1].line - 1 or #outline.nodes
  end
  return found
end

--- The turn that a line is in, nil above the first.
---@param turns flemma.ChatTurn[]
---@param line integer 1-based
---@return flemma.ChatTurn?
function M.at(turns, line)
  for index = #turns, 1, -1 do
    if turns[index].line <= line then
      return turns[index]
    end
  end
end

return M
