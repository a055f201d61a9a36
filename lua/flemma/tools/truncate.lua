--- Cuts a text to so many lines and so many bytes, whole lines from one end; `tools/truncate.py` does the same.

local M = {}

---@class (exact) flemma.TruncateLimits
---@field max_lines? integer
---@field max_bytes? integer

---@class (exact) flemma.Truncated
---@field text string
---@field first_line integer 1-based
---@field last_line integer
---@field total_lines integer
---@field total_bytes integer
---@field by "lines"|"bytes"|nil which limit cut; nil: all is there

--- How many of the lines fit, counted from `first` on in steps of `step`, and what keeps the next one out.
---@param lines string[]
---@param first integer
---@param step integer
---@param limits flemma.TruncateLimits
---@return integer, "lines"|"bytes"|nil
local function fitting(lines, first, step, limits)
  local size = -1
  for count = 0, #lines - 1 do
    if count == limits.max_lines then
      return count, "lines"
    end
    size = size + #lines[first + count * step] + 1
    if size > limits.max_bytes then
      return count, "bytes"
    end
  end
  return #lines, nil
end

--- The first lines.
---@param text string
---@param limits flemma.TruncateLimits
---@return flemma.Truncated
function M.head(text, limits)
  local lines = vim.split(text, "\n", { plain = true })
  local count, by = fitting(lines, 1, 1, limits)
  return {
    text = table.concat(lines, "\n", 1, count),
    first_line = 1,
    last_line = count,
    total_lines = #lines,
    total_bytes = #text,
    by = by,
  }
end

--- The end of a line, without a part of a character at its beginning.
---@param line string
---@param bytes integer
---@return string
local function ending(line, bytes)
  local first = math.max(1, #line - bytes + 1)
  while first <= #line and vim.str_utf_start(line, first) ~= 0 do
    first = first + 1
  end
  return line:sub(first)
end

--- The last lines; of the last one alone its end where it is longer than all that may be shown.
---@param text string
---@param limits flemma.TruncateLimits
---@return flemma.Truncated
function M.tail(text, limits)
  local lines = vim.split(text, "\n", { plain = true })
  local total = #lines
  local count, by = fitting(lines, total, -1, limits)
  local shown = count > 0 and table.concat(lines, "\n", total - count + 1) or ending(lines[total], limits.max_bytes)
  return {
    text = shown,
    first_line = count > 0 and total - count + 1 or total,
    last_line = total,
    total_lines = total,
    total_bytes = #text,
    by = by,
  }
end

--- As `12.1KB`: of 1024, with one decimal; bytes as they are.
---@param bytes integer
---@return string
function M.format_size(bytes)
  if bytes < 1024 then
    return bytes .. "B"
  end
  local unit = bytes < 1024 * 1024 and { 1024, "KB" } or { 1024 * 1024, "MB" }
  return ("%.1f%s"):format(bytes / unit[1], unit[2])
end

return M
