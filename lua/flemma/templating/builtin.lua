--- The names that templates have anyway, as modules meet them: populators like theirs, each with its priority.
---
--- Templates run elsewhere, so these only stand for what is there; where Neovim has the same function, it is that one.

local M = {}

---@param name string
local function elsewhere(name)
  return function()
    error(name .. " works in templates, not in the modules that bring names to them", 0)
  end
end

---@param library string
---@param fields string[]
---@param source? table where functions of these names can be had
local function library_of(library, fields, source)
  local found = {}
  for _, field in ipairs(fields) do
    found[field] = source and source[field] or elsewhere(library .. "." .. field)
  end
  return found
end

---@param source table
---@param except? string
local function copy_of(source, except)
  local copy = {}
  for key, value in pairs(source) do
    copy[key] = key ~= except and value or nil
  end
  return copy
end

local function stdlib(env)
  env._VERSION = _VERSION
  for _, name in ipairs({ "assert", "error", "ipairs", "pairs", "pcall", "select", "tonumber", "tostring", "type" }) do
    env[name] = _G[name]
  end
  env.print = elsewhere("print")
  env.string = copy_of(string, "dump")
  env.table = library_of("table", { "concat", "insert", "maxn", "remove", "sort" }, table)
  env.table.unpack = unpack
  env.math = copy_of(math)
  env.math.round = function(number)
    return math.floor(number + 0.5)
  end
  env.utf8 = library_of("utf8", { "char", "codepoint", "codes", "len", "offset" })
  env.utf8.charpattern = "[%z\1-\127\194-\244][\128-\191]*"
  env.os = library_of("os", { "clock", "date", "difftime", "time" }, os)
  env.symbols = { BINARY = "binary", MIME = "mime" }
  env.vim = {
    fn = library_of("vim.fn", { "filereadable", "fnamemodify", "getcwd", "simplify" }, vim.fn),
    fs = library_of("vim.fs", { "abspath", "normalize" }, vim.fs),
  }
end

local function formats(env)
  env.format = library_of("format", { "money", "number", "percent", "tokens" })
end

local function iterators(env)
  env.values, env.each = elsewhere("values"), elsewhere("each")
end

---@type { name: string, priority: number, populate: fun(env: table) }[]
M.populators = {
  { name = "stdlib", priority = 100, populate = stdlib },
  { name = "format", priority = 150, populate = formats },
  { name = "iterators", priority = 200, populate = iterators },
}

--- Libraries that can be changed field by field, outer ones first.
M.libraries = {
  { "string" },
  { "table" },
  { "math" },
  { "utf8" },
  { "os" },
  { "format" },
  { "symbols" },
  { "vim" },
  { "vim", "fn" },
  { "vim", "fs" },
}

--- What is a file's own, so that no module can bring or take it.
M.own = { include = true, __filename = true, __dirname = true, flemma = true }

return M
