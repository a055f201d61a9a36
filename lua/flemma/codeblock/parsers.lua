--- Languages of frontmatter that the user's Lua reads: `register("yaml", fn)`. They come before built-in ones of the
--- same name.
---
--- A parser is called with the text between the fences and `{ filename, dirname }`, and gives a table of variables.

local M = {}

---@class (exact) flemma.CodeblockParser
---@field run fun(code: string, context: { filename: string?, dirname: string? }): table
---@field id integer

---@type table<string, flemma.CodeblockParser> by language, in small letters
local parsers = {}

---@return table<string, integer> what the host calls them by
function M.numbers()
  local numbers = vim.tbl_map(function(parser)
    return parser.id
  end, parsers)
  return next(numbers) == nil and vim.empty_dict() or numbers
end

local function tell()
  require("flemma.host").send("parsers", { parsers = M.numbers() })
end

---@param language string
function M.unregister(language)
  local parser = parsers[language:lower()]
  if parser then
    require("flemma.functions").remove(parser.id)
    parsers[language:lower()] = nil
    tell()
  end
end

--- Let `parse` read frontmatter of this language. Of two for one language the later one counts.
---@param language string
---@param parse fun(code: string, context: table): table
function M.register(language, parse)
  if type(language) ~= "string" or not language:find("^%w+$") then
    error("flemma: a parser needs the name of a language, of letters and digits", 2)
  end
  if type(parse) ~= "function" then
    error(("flemma: the parser of %s must be a function"):format(language), 2)
  end
  M.unregister(language)
  parsers[language:lower()] = { run = parse, id = require("flemma.functions").add(parse) }
  tell()
end

--- The parser that was registered for a language.
---@param language string
---@return function?
function M.get(language)
  local parser = parsers[language:lower()]
  return parser and parser.run
end

---@param language string
---@return boolean
function M.has(language)
  return parsers[language:lower()] ~= nil
end

--- All that were registered, by language.
---@return table<string, function>
function M.get_all()
  return vim.tbl_map(function(parser)
    return parser.run
  end, parsers)
end

---@return integer
function M.count()
  return vim.tbl_count(parsers)
end

--- Forget all that were registered.
function M.clear()
  for _, parser in pairs(parsers) do
    require("flemma.functions").remove(parser.id)
  end
  parsers = {}
  tell()
end

return M
