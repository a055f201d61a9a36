--- `:Flemma WORD …`: one table of commands from which dispatch, completion and the list are made.

local M = {}

---@class (exact) flemma.Command
---@field about string one line for the list
---@field run fun(args: string[], line: string, range?: integer[], sure: boolean) `line` is what stands behind the word,
---as it was typed; `range` are the first and the last line of one; `sure`: a `!` says that nothing is to be asked
---@field complete? string[]|fun(words: string[], lead: string): string[] words to offer behind it, given those before
---and what is being typed

--- One file per group: `commands/`.
local GROUPS = { "chat", "writing", "tools", "reports", "records", "sessions" }

---@type table<string, flemma.Command>
local commands = {}
for _, group in ipairs(GROUPS) do
  for name, command in pairs(require("flemma.commands." .. group)) do
    commands[name] = command
  end
end
commands["message:prev"] = commands["message:previous"]

---@return string[]
local function names()
  local list = vim.tbl_keys(commands)
  table.sort(list)
  return list
end

--- What the list and the help show of each command, by name.
---@return { name: string, about: string, complete: string[] }[]
function M.described()
  return vim.tbl_map(function(name)
    local complete = commands[name].complete
    return { name = name, about = commands[name].about, complete = type(complete) == "table" and complete or {} }
  end, names())
end

local function list()
  local lines = { "commands:" }
  for _, name in ipairs(names()) do
    lines[#lines + 1] = ("  :Flemma %-20s %s"):format(name, commands[name].about)
  end
  -- Asked for, and as long as `:ls`: the user may press a key when it has been read.
  vim.api.nvim_echo({ { "Flemma " .. table.concat(lines, "\n") } }, false, {})
end

--- The word of a command as the table has it, and whether a `!` stands behind it.
---@param word string
---@return string
---@return boolean
local function plain(word)
  local bare, sure = word:gsub("^:+", ""):gsub("!$", "")
  return (bare:gsub(":+$", "")), sure > 0
end

--- Run `:Flemma …`.
---@param call { fargs: string[], args: string, bang: boolean }
function M.run(call)
  local word, sure = plain(call.fargs[1] or "")
  sure = sure or call.bang
  if word == "" then
    return list()
  end
  local command = commands[word]
  if not command then
    local near = require("flemma.spelling").nearest(word, names())
    local hint = near and (" Did you mean %s?"):format(near) or " :Flemma alone lists all."
    return require("flemma.notify").error(("There is no command %s.%s"):format(word, hint))
  end
  local range = call.range > 0 and { call.line1, call.line2 } or nil
  command.run(vim.list_slice(call.fargs, 2), (call.args:gsub("^%s*%S+%s*", "", 1)), range, sure)
end

---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  local words = vim.split(vim.trim(line:gsub("^%S+", "", 1)), "%s+", { trimempty = true })
  local first = #words == 0 or (#words == 1 and lead ~= "")
  local offers = first and names() or (commands[plain(words[1])] or {}).complete or {}
  if type(offers) == "function" then
    offers = offers(vim.list_slice(words, 2, lead == "" and #words or #words - 1), lead)
  end
  return vim.tbl_filter(function(offer)
    return vim.startswith(offer, lead)
  end, offers)
end

return M
