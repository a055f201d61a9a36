--- 'omnifunc' of a chat where the language client has none: roles, paths behind `@./`, settings and names in the
--- frontmatter, variables in templates. Answered from tables that are here, as Neovim waits for it.

local api, fn = vim.api, vim.fn

local M = {}

local ROLES = { "@System:", "@You:", "@Assistant:" }

---@class (exact) flemma.Omni.Place
---@field start integer 0-based byte where the completed word begins
---@field offers fun(base: string): (string|table)[]

local function references()
  return require("flemma.references")
end

---@param buf integer
---@param line integer 1-based
---@return flemma.Node?
local function node_at(buf, line)
  local outline = require("flemma.ui.outline").of(buf)
  return outline and outline.nodes[line] or nil
end

--- The folder that a reference's path is in, from the chat's own.
---@param written string up to the last slash
---@return string
local function folder_of(written)
  if vim.startswith(written, "//") then
    return written:sub(2)
  elseif vim.startswith(written, "~/") then
    return vim.fs.normalize(written)
  end
  local name = api.nvim_buf_get_name(0)
  return vim.fs.joinpath(name ~= "" and fn.fnamemodify(name, ":p:h") or fn.getcwd(), written)
end

--- Entries of a folder whose names begin with `base`: folders first, hidden ones only where a dot was typed.
local function entries(folder, base, write)
  local found = {}
  for name, kind in vim.fs.dir(folder) do
    local wanted = vim.startswith(name, base) and (name:sub(1, 1) ~= "." or base:sub(1, 1) == ".")
    if wanted then
      local is_folder = kind == "directory" or (kind == "link" and fn.isdirectory(vim.fs.joinpath(folder, name)) == 1)
      found[#found + 1] = { word = write(name) .. (is_folder and "/" or ""), menu = is_folder and "folder" or "file" }
    end
  end
  table.sort(found, function(one, other)
    if one.menu ~= other.menu then
      return one.menu == "folder"
    end
    return one.word < other.word
  end)
  return found
end

---@param words string[]
---@param base string
---@return string[]
local function beginning(words, base)
  local found = vim.tbl_filter(function(word)
    return vim.startswith(word, base)
  end, words)
  table.sort(found)
  return fn.uniq(found)
end

---@type table<string, fun(before: string, node: flemma.Node?): flemma.Omni.Place?>
local places = {}

function places.role(before, node)
  if not before:find("^@%w*$") or (node and node.kind == "frontmatter") then
    return nil
  end
  return {
    start = 0,
    offers = function(base)
      return vim.tbl_filter(function(role)
        return vim.startswith(role, base)
      end, ROLES)
    end,
  }
end

function places.path(before, node)
  local role = node and node.message and node.message.role
  local at, written = before:match("()@([.~/][^%s@]*)$")
  local opens = written and (written:find("^%.%.?/") or written:find("^~/") or written:find("^//"))
  if not opens or role == "Assistant" or written:find(";type=", 1, true) or before:sub(at - 1, at - 1):find("%w") then
    return nil
  end
  local folder, begun = written:match("^(.*/)([^/]*)$")
  return {
    start = #before - #begun,
    offers = function(base)
      return entries(folder_of(references().decode(folder)), references().decode(base), references().encode)
    end,
  }
end

function places.include(before)
  local written = before:match("include%s*%(?%s*[\"']([^\"']*)$")
  if not written then
    return nil
  end
  local folder, begun = written:match("^(.*/)([^/]*)$")
  folder, begun = folder or "", begun or written
  return {
    start = #before - #begun,
    offers = function(base)
      local from = vim.startswith(folder, "/") and folder or folder_of(folder)
      return entries(from, base, function(name)
        return name
      end)
    end,
  }
end

--- Settings below a path of names, `flemma.opt` being the root.
function places.setting(before, node)
  local path, begun = before:match("flemma%.opt%.([%w_.]-)([%w_]*)$")
  if not path or not (node and node.kind == "frontmatter") then
    return nil
  end
  return {
    start = #before - #begun,
    offers = function(base)
      local inside = require("flemma.settings").defaults
      for name in path:gmatch("[^.]+") do
        inside = type(inside) == "table" and inside[name] or nil
      end
      local is_table = type(inside) == "table" and not vim.islist(inside)
      local names = is_table and vim.tbl_keys(inside) or {}
      if path == "" then
        vim.list_extend(names, vim.tbl_keys(inside.parameters))
        vim.list_extend(names, { "provider", "model", "thinking", "temperature" })
      end
      return beginning(names, base)
    end,
  }
end

--- Names that settings have for values: tools, presets, providers and their models.
function places.name(before, node)
  local begun = before:match("[\"']([%w%$_.:/-]*)$")
  if not begun or not (node and node.kind == "frontmatter") then
    return nil
  end
  return {
    start = #before - #begun,
    offers = function(base)
      local catalogue = require("flemma.switch").catalogue()
      local names = vim.list_extend(vim.tbl_keys(require("flemma.tools").get_all()), vim.tbl_keys(catalogue.presets))
      local presets = require("flemma.settings").get("presets")
      vim.list_extend(names, vim.tbl_keys(type(presets) == "table" and presets or {}))
      vim.list_extend(names, require("flemma.settings").defaults.tools.auto_approve)
      for _, provider in ipairs(catalogue.providers) do
        names[#names + 1] = provider.name
        vim.list_extend(names, provider.models)
      end
      return beginning(names, base)
    end,
  }
end

--- Variables of a Lua frontmatter, in a template.
function places.variable(before, node)
  local begun = before:match("{[{%%][^}]-([%a_][%w_]*)$") or (before:find("{[{%%][^}]*$") and "")
  if not begun or (node and node.kind == "frontmatter") then
    return nil
  end
  return {
    start = #before - #begun,
    offers = function(base)
      local names = { "include", "__filename", "__dirname" }
      local buf, number = api.nvim_get_current_buf(), 1
      while (node_at(buf, number) or {}).kind == "frontmatter" do
        local line = api.nvim_buf_get_lines(buf, number - 1, number, false)[1]
        names[#names + 1] = line:match("^%s*([%a_][%w_]*)%s*=")
        number = number + 1
      end
      return beginning(names, base)
    end,
  }
end

--- The first that takes a place has it.
local ORDER = { "role", "include", "setting", "name", "variable", "path" }

---@return flemma.Omni.Place?
local function place()
  local row, column = unpack(api.nvim_win_get_cursor(0))
  local before = api.nvim_get_current_line():sub(1, column)
  local node = node_at(api.nvim_get_current_buf(), row)
  for _, name in ipairs(ORDER) do
    local found = places[name](before, node)
    if found then
      return found
    end
  end
end

---@type flemma.Omni.Place?
local begun

--- See `:help complete-functions`.
---@param findstart integer
---@param base string
---@return integer|table[]
function M.complete(findstart, base)
  if findstart == 1 then
    begun = place()
    return begun and begun.start or -3
  end
  return begun and begun.offers(base) or {}
end

return M
