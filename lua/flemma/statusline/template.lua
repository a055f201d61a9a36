--- What `ui.statusline.format` may be as a text: `{{ expression }}` and `{% code %}` in Lua, and the text around them.
---
--- It is the owner's own code, compiled once, and sees the globals behind the values that it is given.

local M = {}

---@alias flemma.statusline.Template fun(values: table<string, any>): string

--- Any chunk appends to `_out`. An expression's text is not a status line's own: its `%` are doubled.
---@param text string
---@return string
local function chunk(text)
  local parts, position = { "local _out, _show = ..." }, 1
  local function literal(piece)
    if piece ~= "" then
      parts[#parts + 1] = ("_out[#_out + 1] = %q"):format(piece)
    end
  end
  while true do
    local from, _, kind = text:find("{([{%%])", position)
    local last, behind
    if from then
      last, behind = text:find(kind == "{" and "}}" or "%}", from + 2, true)
    end
    if not last then
      break
    end
    literal(text:sub(position, from - 1))
    local code = text:sub(from + 2, last - 1)
    parts[#parts + 1] = kind == "{" and ("_out[#_out + 1] = _show(%s\n)"):format(code) or code
    position = behind + 1
  end
  literal(text:sub(position))
  return table.concat(parts, "\n")
end

---@param value any
---@return string
local function show(value)
  return value == nil and "" or (tostring(value):gsub("%%", "%%%%"))
end

--- Blanks around the whole are cut off; a space that does not break stays.
---@param text string
---@return string
local function trim(text)
  return (text:gsub("^[ \t\r\n]+", ""):gsub("[ \t\r\n]+$", ""))
end

--- Raises what Lua says where the text cannot be read.
---@param text string
---@return flemma.statusline.Template
function M.compile(text)
  local run = assert(loadstring(chunk(text), "=ui.statusline.format"))
  return function(values)
    local out = {}
    setfenv(run, setmetatable(vim.tbl_extend("force", {}, values), { __index = _G }))
    run(out, show)
    return trim(table.concat(out))
  end
end

return M
