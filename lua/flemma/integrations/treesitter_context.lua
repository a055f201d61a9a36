--- nvim-treesitter-context: none over chats, whose headings are not where the reader is.
---
---     require("treesitter-context").setup({ on_attach = require("flemma.integrations.treesitter_context").on_attach })

local M = {}

--- Whether it may attach.
---@param buf integer
---@return boolean
function M.on_attach(buf)
  return vim.bo[buf].filetype ~= "chat"
end

--- The same around an `on_attach` of yours, which is asked for all other buffers.
---@param own fun(buf: integer): boolean?
---@return fun(buf: integer): boolean?
function M.wrap(own)
  return function(buf)
    if not M.on_attach(buf) then
      return false
    end
    return own(buf)
  end
end

return M
