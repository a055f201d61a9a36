--- Asking with vim.ui.select, which many users have put a picker of their own behind.

local M = {}

local OTHER = "another model …"

local function nothing()
  require("flemma.notify").info("Nothing was switched.")
end

---@param provider string
---@param model string?
local function chosen(provider, model)
  if not model or vim.trim(model) == "" then
    return nothing()
  end
  require("flemma.switch").run(('%s model="%s"'):format(provider, vim.trim(model):gsub('["\\]', "\\%0")))
end

---@param provider string
local function ask_name(provider)
  vim.ui.input({ prompt = ("Model of %s: "):format(provider) }, function(model)
    chosen(provider, model)
  end)
end

---@param name string
local function ask_model(name)
  local provider = require("flemma.switch").provider(name)
  if not provider then
    return nothing()
  end
  if #provider.models == 0 then
    return ask_name(provider.name)
  end
  local models = vim.list_extend(vim.deepcopy(provider.models), { OTHER })
  vim.ui.select(models, { prompt = ("Model of %s"):format(provider.name), kind = "flemma_model" }, function(model)
    if model == OTHER then
      return ask_name(provider.name)
    end
    chosen(provider.name, model)
  end)
end

--- Ask for a provider, then for one of its models, and switch.
function M.switch()
  vim.ui.select(require("flemma.switch").providers(), { prompt = "Provider", kind = "flemma_provider" }, function(name)
    if not name then
      return nothing()
    end
    require("flemma.listing").ask(name, function()
      ask_model(name)
    end)
  end)
end

return M
