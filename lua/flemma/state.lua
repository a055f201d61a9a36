--- What belongs to this Neovim and to no single chat.

local M = {}

--- Zero the counters of tokens and costs, without restarting Neovim.
function M.reset_session()
  require("flemma.session").get():reset()
end

return M
