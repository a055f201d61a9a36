--- The part of lualine's interface that a component may count on.
local M = { refreshed = 0 }

function M.refresh(_)
  M.refreshed = M.refreshed + 1
end

return M
