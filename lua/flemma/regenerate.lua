--- Has the last reply written anew: it goes, as one undo step, and what it answered is sent again.

local api = vim.api

local M = {}

--- The lines of a message without its marker, as text.
local function body(buf, first, last)
  local lines = api.nvim_buf_get_lines(buf, first - 1, last, true)
  lines[1] = lines[1]:gsub("^@%a+:%s*", "")
  return vim.trim(table.concat(lines, "\n"))
end

--- The reply at the chat's end, with an empty prompt below it or none. Nil and why where there is no such thing.
---@param buf integer
---@return { first: integer, last: integer }? 1-based
---@return string? why
local function last_reply(buf)
  local outlines = require("flemma.ui.outline")
  local outline = outlines.of(buf)
  if not outline then
    return nil, "this buffer is not a chat"
  end
  local count = #outline.nodes
  local message, first, last = outlines.message_at(outline, count)
  if message and message.role == "You" and first > 1 then
    if body(buf, first, last) ~= "" then
      return nil, "you have written below the last reply: :Flemma send sends that"
    end
    message, first = outlines.message_at(outline, first - 1)
  end
  if not message or message.role ~= "Assistant" then
    return nil, "there is no reply at the end of this chat"
  end
  return { first = first, last = count }
end

--- Take the last reply away and send what is left.
function M.last()
  local buf = api.nvim_get_current_buf()
  local chats = require("flemma.buffer")
  if chats.is_busy(buf) then
    return require("flemma.notify").warn("this chat is still busy: <C-c> or :Flemma cancel ends that")
  end
  local reply, why = last_reply(buf)
  if not reply then
    return require("flemma.notify").warn(why)
  elseif not vim.bo[buf].modifiable then
    return require("flemma.notify").error("this buffer cannot be changed ('modifiable' is off)")
  end
  local before = api.nvim_buf_get_lines(buf, 0, reply.first - 1, true)
  while #before > 0 and not before[#before]:find("%S") do
    before[#before] = nil
  end
  api.nvim_buf_set_lines(buf, #before, -1, true, #before > 0 and {} or { "" })
  chats.submit(buf, { mode = "send" })
end

return M
