--- `:Flemma switch`: what there is to switch to, as the host told it, and the command itself.
---
--- The host reads the words and changes the settings; nothing here waits for it. Before a host was there, names come
--- from setup().

local M = {}

---@class (exact) flemma.Catalogue
---@field providers { name: string, models: string[], parameters: string[] }[] in alphabetical order
---@field presets table<string, { provider: string?, model: string? }>
---@field runtime table what was changed at run time, for a host that takes over
---@field switched? boolean
---@field listed? { asked: string, provider: string, problem: string? } a provider was asked for its models

---@type flemma.Catalogue?
local told

---@param value any
---@return boolean
local function names_a_provider(value)
  return type(value) == "string" or (type(value) == "table" and (value.provider or value[1]) ~= nil)
end

---@param endpoint any
---@return string[]
local function models_of(endpoint)
  local models = type(endpoint) == "table" and endpoint.models
  local names = vim.tbl_map(function(entry)
    return type(entry) == "table" and entry.name or entry
  end, type(models) == "table" and models or {})
  return vim.tbl_filter(function(name)
    return type(name) == "string"
  end, names)
end

---@return flemma.Catalogue
local function from_setup()
  local settings = require("flemma.settings")
  local found = { providers = {}, presets = {}, runtime = vim.empty_dict() }
  local given = settings.get("providers")
  given = type(given) == "table" and given or {}
  local names = vim.list_extend(vim.tbl_keys(given), require("flemma.models").built_in)
  table.sort(names)
  for index, name in ipairs(names) do
    if name ~= names[index - 1] then
      found.providers[#found.providers + 1] = { name = name, models = models_of(given[name]), parameters = {} }
    end
  end
  local presets = settings.get("presets")
  for name, value in pairs(type(presets) == "table" and presets or {}) do
    if type(name) == "string" and vim.startswith(name, "$") and names_a_provider(value) then
      found.presets[name] = {}
    end
  end
  return found
end

---@return flemma.Catalogue
function M.catalogue()
  return told or from_setup()
end

--- Whether the host has told what there is.
---@return boolean
function M.is_told()
  return told ~= nil
end

--- What a new host is to be told of earlier switches.
---@return table
function M.runtime()
  return told and told.runtime or vim.empty_dict()
end

---@param payload flemma.Catalogue
function M.receive(payload)
  told = payload
  -- Not loaded for a start: nobody has asked for the page yet.
  if package.loaded["flemma.status"] then
    require("flemma.status").refresh()
  end
  if payload.listed then
    require("flemma.listing").receive(payload.listed)
  end
  if payload.switched then
    require("flemma.announce").announce(vim.api.nvim_get_current_buf(), "FlemmaConfigUpdated", {})
  end
end

--- The names of all providers.
---@return string[]
function M.providers()
  return vim.tbl_map(function(provider)
    return provider.name
  end, M.catalogue().providers)
end

---@param name string
---@return { name: string, models: string[], parameters: string[] }?
function M.provider(name)
  for _, provider in ipairs(M.catalogue().providers) do
    if provider.name == name then
      return provider
    end
  end
end

--- Completion: presets and providers, then the models of the one that was named, and its parameters.
---@param words string[] those before the one that is being typed
---@return string[]
function M.offers(words)
  local catalogue = M.catalogue()
  if #words == 0 then
    local offers = vim.tbl_keys(catalogue.presets)
    table.sort(offers)
    for _, provider in ipairs(catalogue.providers) do
      offers[#offers + 1] = provider.name
    end
    return offers
  end
  local preset = catalogue.presets[words[1]]
  local provider = M.provider(preset and preset.provider or words[1])
  local offers = #words == 1 and { preset and preset.model } or {}
  if provider then
    if #words == 1 and not preset then
      -- For the next time: what is offered now is what is known.
      require("flemma.listing").ask(provider.name)
    end
    vim.list_extend(offers, #words == 1 and not preset and provider.models or {})
    for _, name in ipairs(provider.parameters) do
      offers[#offers + 1] = name .. "="
    end
  end
  return offers
end

--- Run the command with what was typed behind it; nothing: ask.
---@param line string
function M.run(line)
  if vim.trim(line) == "" then
    return require("flemma.pickers").switch()
  end
  local host = require("flemma.host")
  if host.ensure() and not host.send("switch", { line = line }) then
    require("flemma.notify").error("Nothing was switched: the Python host is not there, see :checkhealth flemma.")
  end
end

return M
