--- nvim-web-devicons: chats have an icon. Done with the first chat where devicons is loaded by then.

local M = {}

local COLOUR = { color = "#8a7fd0", cterm_color = "104" }

--- Tell devicons of chats; for its own configuration, so that a list of files has the icon before any chat is open.
function M.setup()
  local settings = require("flemma.settings")
  local ok, devicons = pcall(require, "nvim-web-devicons")
  if ok and settings.get("integrations", "devicons", "enabled") ~= false then
    local icon = vim.tbl_extend("error", COLOUR, {
      icon = settings.get("integrations", "devicons", "icon"),
      name = "Chat",
    })
    devicons.set_icon({ chat = icon })
    if devicons.set_icon_by_filetype then
      devicons.set_icon_by_filetype({ chat = "chat" })
    end
  end
end

return M
