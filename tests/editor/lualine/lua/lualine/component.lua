--- A component as lualine makes and draws one: a class to extend, options, colours of the section.
local Class = {}
Class.__index = Class

function Class:extend()
  local class = {}
  for name, method in pairs(self) do
    if name:find("^__") then
      class[name] = method
    end
  end
  class.__index, class.super = class, self
  return setmetatable(class, self)
end

function Class:__call(...)
  local object = setmetatable({}, self)
  object:init(...)
  return object
end

local M = Class:extend()

function M:init(options)
  require("lualine")
  self.options = vim.tbl_extend("force", { icons_enabled = true }, options or {})
end

function M.create_hl(_, colour, hint)
  return { name = "Section_" .. hint, colour = type(colour) == "function" and colour() or colour }
end

function M.format_hl(_, token)
  return ("%%#%s#"):format(token.name)
end

function M.get_default_hl()
  return "%#Section#"
end

function M:draw()
  local status = self:update_status(true)
  if type(status) ~= "string" or status == "" then
    return ""
  end
  local icon = self.options.icons_enabled and self.options.icon
  return self:get_default_hl() .. (icon and icon .. " " or "") .. status
end

return M
