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

---@param provider { name: string, models: string[] }
local function ask_model(provider)
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
  local names = vim.tbl_map(function(provider)
    return provider.name
  end, require("flemma.switch").catalogue().providers)
  vim.ui.select(names, { prompt = "Provider", kind = "flemma_provider" }, function(name)
    local provider = name and require("flemma.switch").provider(name)
    if not provider then
      return nothing()
    end
    ask_model(provider)
  end)
end

return M
