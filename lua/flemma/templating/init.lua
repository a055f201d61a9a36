--- `templating.modules`: Lua modules of the owner's that add to what templates can name.
---
--- The host asks for what they bring when a chat first has templates, and again after each setup(). Data goes to it as
--- it is then; functions stay here and are called one by one.

local M = {}

---@class (exact) flemma.TemplateModule
---@field module string the module that setup() names
---@field name string what the module calls itself
---@field priority number
---@field brings string[] names that it set, `library.field` for what it put into a built-in library
---@field removes string[] names that it took away
---@field problem string? end of a sentence: why it, or some of it, is not there

---@class (exact) flemma.TemplateNames
---@field members flemma.TemplateModule[] in the order in which they were asked
---@field changes { path: string[], value: any, gone: boolean? }[] against the built-in names

---@type flemma.TemplateNames?
local collected
---@type integer? the number of the function that collects
local collector

---@return string[]
local function named()
  local modules = require("flemma.settings").get("templating", "modules")
  return vim.tbl_filter(function(name)
    return type(name) == "string"
  end, type(modules) == "table" and modules or {})
end

--- What the modules bring. They are asked once after each setup().
---@return flemma.TemplateNames
function M.collect()
  if not collected then
    collected = require("flemma.templating.collect").collect(named())
    for _, member in ipairs(collected.members) do
      if member.problem then
        local message = ("templating.modules: %s %s"):format(member.module, member.problem)
        require("flemma.notify").once(message, vim.log.levels.WARN)
      end
    end
  end
  return collected
end

--- What the modules brought, nil where no template wanted that so far.
---@return flemma.TemplateModule[]?
function M.brought()
  return collected and collected.members
end

--- The number by which the host has it collected, 0 where the settings name no module.
---@return integer
function M.number()
  if #named() == 0 then
    return 0
  end
  collector = collector or require("flemma.functions").add(M.collect)
  return collector
end

--- setup() was called: nothing that was collected holds any more.
function M.settings_changed()
  if collected then
    require("flemma.templating.collect").forget()
    collected = nil
  end
  require("flemma.host").send("modules", { collector = M.number() })
end

return M
