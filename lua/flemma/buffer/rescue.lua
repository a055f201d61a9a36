--- Ends a reply in the editor alone, when the host that wrote it is dead.
---
--- What had arrived stays. An open thinking tag or fence is closed first, so that the next prompt is read as one.

local api = vim.api

local M = {}

local MARK = "<!-- flemma:aborted: The host stopped while it was answering. -->"

--- Lines that close what the reply left open.
---@param lines string[] the reply's lines behind its marker
---@return string[]
local function closing(lines)
  local thinking, fence = false, nil
  for _, line in ipairs(lines) do
    local ticks, info = line:match("^(```+)(.*)$")
    if thinking then
      thinking = not line:find("^</thinking>%s*$")
    elseif fence then
      if ticks and #ticks >= #fence and info:find("^%s*$") then
        fence = nil
      end
    elseif line:find("^<thinking[^>]*>%s*$") and not line:find("/>%s*$") then
      thinking = true
    elseif ticks and not info:find("`", 1, true) then
      fence = ticks
    end
  end
  return thinking and { "</thinking>" } or fence and { fence } or {}
end

--- Is every role marker of the file of the old form, with text behind it on its line?
local function old_throughout(buf, before)
  local any = false
  for _, line in ipairs(api.nvim_buf_get_lines(buf, 0, before, false)) do
    local rest = line:match("^@System:(.*)$") or line:match("^@You:(.*)$") or line:match("^@Assistant:(.*)$")
    if rest then
      if not rest:find("%S") then
        return false
      end
      any = true
    end
  end
  return any
end

local function is_blank(lines)
  for _, line in ipairs(lines) do
    if line:find("%S") then
      return false
    end
  end
  return true
end

--- End the reply that was being written. True if there was one with content.
---@param buf integer
---@return boolean
function M.close_reply(buf)
  local rows = require("flemma.buffer.apply").reply_rows(buf)
  if not rows or not api.nvim_buf_is_loaded(buf) then
    return false
  end
  local follow = require("flemma.buffer.follow")
  local following = follow.windows(buf)
  local lines = api.nvim_buf_get_lines(buf, rows.marker, rows.anchor[1] + 1, true)
  lines[1] = lines[1]:gsub("^@%w+:%s*", "")
  local anchor = rows.anchor
  local empty = is_blank(lines)
  require("flemma.buffer.lock").open(buf, function()
    api.nvim_buf_call(buf, function()
      pcall(vim.cmd.undojoin)
      if empty then
        api.nvim_buf_set_text(buf, rows.start[1], rows.start[2], anchor[1], anchor[2], {})
        return
      end
      local tail = { "" }
      vim.list_extend(tail, closing(lines))
      local prompt = old_throughout(buf, rows.marker) and { "", "@You: " } or { "", "@You:", "" }
      vim.list_extend(tail, vim.list_extend({ "", MARK }, prompt))
      api.nvim_buf_set_text(buf, anchor[1], anchor[2], anchor[1], anchor[2], tail)
    end)
  end)
  follow.to_end(buf, following)
  if empty then
    follow.back(buf)
  end
  return not empty
end

return M
