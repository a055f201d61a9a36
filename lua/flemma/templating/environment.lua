--- What modules work on: the names of templates, and what became of them.

local builtin = require("flemma.templating.builtin")

local M = {}

--- The table at a path of `env`, nil where there is none.
---@param env table
---@param path string[]
local function at(env, path)
  local place = env
  for _, name in ipairs(path) do
    place = type(place) == "table" and place[name] or nil
  end
  return place
end

---@class (exact) flemma.Library
---@field path string[]
---@field place table the library itself
---@field fields table what it had

--- The environment and its libraries as they are, level by level.
---@param env table
---@return flemma.Library[]
function M.levels(env)
  local found = { { path = {}, place = env, fields = vim.tbl_extend("force", {}, env) } }
  for _, path in ipairs(builtin.libraries) do
    local place = at(env, path)
    if type(place) == "table" then
      found[#found + 1] = { path = path, place = place, fields = vim.tbl_extend("force", {}, place) }
    end
  end
  return found
end

--- Put everything back as it was.
---@param snapshot flemma.Library[]
function M.restore(snapshot)
  for _, level in ipairs(snapshot) do
    for name in pairs(level.place) do
      level.place[name] = nil
    end
    for name, value in pairs(level.fields) do
      level.place[name] = value
    end
  end
end

---@class (exact) flemma.Difference
---@field path string[]
---@field value any
---@field gone boolean?

--- What is not as the templates have it by themselves, by its name.
---@param env table
---@param base flemma.Library[] the built-in names
---@return table<string, flemma.Difference>
function M.differences(env, base)
  local found = {}
  local function note(path, name, value)
    local whole = vim.list_extend(vim.list_slice(path), { name })
    local written = table.concat(vim.tbl_map(tostring, whole), ".")
    found[written] = { path = whole, value = value, gone = value == nil or nil }
  end
  for _, level in ipairs(base) do
    local place = at(env, level.path)
    if rawequal(place, level.place) or #level.path == 0 then
      for name, value in pairs(place) do
        if not rawequal(value, level.fields[name]) then
          note(level.path, name, value)
        end
      end
      for name in pairs(level.fields) do
        if place[name] == nil then
          note(level.path, name, nil)
        end
      end
    end
  end
  return found
end

--- The built-in names by themselves, and what they were made of.
---@return table<flemma.Populator, table<string, any>> what each of the populators gives
---@return flemma.Library[]
function M.built_in()
  local whole, given = {}, {}
  for _, populator in ipairs(builtin.populators) do
    local part = {}
    populator.populate(part)
    given[populator] = part
    for name, value in pairs(part) do
      whole[name] = value
    end
  end
  return given, M.levels(whole)
end

return M
