--- The component of lualine: `{ "flemma", icon = "🧠" }`, with a `format` of its own if wanted.

local Component = require("lualine.component"):extend()

local MUTED = "FlemmaStatusTextMuted"

--- Colours of the section that it stands in: lualine's default ends a colour, and a muted one keeps its ground.
function Component:init(options)
  Component.super.init(self, options)
  require("flemma.ui.highlights").ensure()
  self.muted = self:create_hl(function()
    local found = vim.api.nvim_get_hl(0, { name = MUTED, link = false })
    return { fg = found.fg and ("#%06x"):format(found.fg) or nil }
  end, "muted")
end

function Component:update_status()
  local text = require("flemma.statusline").text(nil, self.options.format)
  if not text:find("%#", 1, true) and not text:find("%*", 1, true) then
    return text
  end
  local colours = { ["%*"] = self:get_default_hl(), ["%#" .. MUTED .. "#"] = self:format_hl(self.muted) }
  -- Two % are one that is shown: it begins no colour.
  text = text:gsub("%%%%", "\0")
  text = text:gsub("%%%*", colours):gsub("%%#%w+#", colours)
  return (text:gsub("%z", "%%%%"))
end

return Component
