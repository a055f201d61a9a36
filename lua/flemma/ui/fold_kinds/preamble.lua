--- What stands above the first marker belongs to no message, and no fold.

local M = {}

---@return integer
function M.level()
  return 0
end

return M
