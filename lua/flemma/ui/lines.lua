--- What one line means to the scan: the Lua twin of `document/lines.py` and `document/headers.py`.
---
--- Only what folds, tints and motions need. A test holds both against one corpus; change them together.

local M = {}

local ROLES = { System = true, You = true, Assistant = true }
local WAITING = { pending = true, approved = true }
local STATUSES = {
  pending = "pending",
  approved = "approved",
  rejected = "rejected",
  reject = "rejected",
  denied = "denied",
  deny = "denied",
  aborted = "aborted",
  error = "error",
}

---@param line string
---@return boolean
function M.is_blank(line)
  return not line:find("[^ \t\r\f\v]")
end

--- The role of a line that opens a message, and what stands behind the colon.
---@param line string
---@param old boolean? in this file text may stand there
---@return string? role
---@return string rest
function M.opens_message(line, old)
  local role, rest = line:match("^@(%a+):(.*)$")
  if role and ROLES[role] and (old or M.is_blank(rest)) then
    return role, rest
  end
  return nil, ""
end

--- Whether the line says, below `@You:`, that requests begin there.
---@param line string
---@return boolean
function M.checkpoint(line)
  local blank = line:match("^<!%-%-([ \t]*)flemma:checkpoint[ \t]*%-%->[ \t\r]*$")
  return blank ~= nil and #blank <= 8
end

--- Number of backticks that open a fence on this line; 0 where none does.
---@param line string
---@return integer
function M.opened_fence(line)
  local ticks, rest = line:match("^(```+)(.*)$")
  return ticks and not rest:find("`", 1, true) and #ticks or 0
end

---@param line string
---@param ticks integer
---@return boolean
function M.closes_fence(line, ticks)
  local bare = line:match("^(`+)[ \t\r\f\v]*$")
  return bare ~= nil and #bare >= ticks
end

--- Number of backticks of the fence that may stand below a tool header, where one is enough; 0 where it is none.
---@param line string
---@return integer
function M.tool_fence(line)
  local ticks, rest = line:match("^(`+)(.*)$")
  if not ticks then
    return 0
  end
  local info = rest:gsub("^[%w_:.\128-\255-]+", "", 1)
  local fits = info:find("^[ \t\r]*$") or info:find("^[ \t]+[^`]*$")
  return fits and #ticks or 0
end

--- Whether the line opens the frontmatter, if it is the first one.
---@param line string
---@return boolean
function M.opens_frontmatter(line)
  return line:find("^```%w+%s*$") ~= nil
end

--- "open" for a tag that a block follows, "whole" for one that is the whole block, nil for any other line.
---@param line string
---@return "open"|"whole"|nil
function M.thinking_tag(line)
  if line == "<thinking>" or line == "<thinking redacted>" then
    return "open"
  end
  local slash = line:match('^<thinking [%w_\128-\255]+:signature="[^"]*"(/?)>$')
  return slash and (slash == "/" and "whole" or "open") or nil
end

--- Name and id of a tool use.
---@param line string
---@return string? name
---@return string? id
function M.tool_use(line)
  return line:match("^%*%*Tool Use:%*%*%s*`([^`]+)`%s*%(`([^`]+)`%)")
end

--- The status in a header's suffix: `status=word` beats a bare word, of those the first that is known.
---@param suffix string
---@return string?
local function status_of(suffix)
  local bare
  -- Quoted words are data, whatever stands in them.
  suffix = suffix:gsub('%f[%S]([%w_]*=?)%b""', "%1\1"):gsub("%f[%S]([%w_]*=?)%b''", "%1\1")
  for word in suffix:gmatch("%S+") do
    local named = STATUSES[word:match("^status=(.+)$") or ""]
    if named then
      return named
    end
    bare = bare or STATUSES[word]
  end
  return bare
end

--- Id of a tool result, its status, and whether it still waits for a verdict or for the tool.
---@param line string
---@return string? id
---@return string? status
---@return boolean? waiting
function M.tool_result(line)
  local id, rest = line:match("^%*%*Tool Result:%*%*%s*`([^`]+)`(.*)$")
  if not id then
    return nil
  end
  local suffix = rest:match("%(([^()]*)%)%s*$")
  local status = suffix and status_of(suffix)
  return id, status, status ~= nil and WAITING[status] == true
end

return M
