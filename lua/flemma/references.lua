--- How a path is written in a file reference (`@./a%20b.png`), as `document/references.py` reads it.

local M = {}

--- A path with what cannot stand in a reference written as `%` and two digits.
---@param path string
---@return string
function M.encode(path)
  return (path:gsub("[%%%s+;?#]", function(character)
    return ("%%%02X"):format(character:byte())
  end))
end

--- The path that is meant.
---@param written string
---@return string
function M.decode(written)
  return (written:gsub("%+", " "):gsub("%%(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

return M
