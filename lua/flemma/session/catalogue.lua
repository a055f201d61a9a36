--- The list of sessions, from the file that the host keeps of them: read once, and again when it is another one.

local M = {}

---@class (exact) flemma.session.Row
---@field id string
---@field title string?
---@field subtitle string? the beginning of what was said last
---@field cwd string
---@field parent_id string? the session that it was forked off
---@field updated_at_ms integer
---@field created_at_ms integer
---@field size_bytes integer? of what was said
---@field chat_path string? nil: the chat has no file
---@field status string? how its last turn stands; "damaged": its journal cannot be read everywhere
---@field model string?
---@field turns integer?
---@field cost number? USD
---@field pinned boolean?
---@field depth integer? in a forest

--- Of the file's form, as `sessions/index/snapshot.py` writes it.
local VERSION = 1

---@class (exact) flemma.session.Block rows that stand together
---@field first integer byte of the file
---@field size integer
---@field updated integer of its last row
---@field id string of its last row
---@field rows any[][]? nil: not read yet

---@class (exact) flemma.session.Table
---@field mark string of the file that it was read from
---@field at table<string, integer> where each column is
---@field data string the file
---@field blocks flemma.session.Block[]

---@type flemma.session.Table?
local known

---@param path string
---@return boolean
local function is_ours(path)
  local ours = require("flemma.session.files").state()
  return path == ours or (vim.uv.fs_realpath(path) or path) == (vim.uv.fs_realpath(ours) or ours)
end

---@param columns string[]
---@return table<string, integer>
local function places(columns)
  local at = {}
  for index, name in ipairs(columns) do
    at[name] = index
  end
  return at
end

---@param path string
---@param mark string
---@return flemma.session.Table?
local function read(path, mark)
  local data = require("flemma.session.files").read(path) or ""
  local size = tonumber(data:match("^%d%d%d%d%d%d%d%d")) or 0
  local ok, head = pcall(vim.mpack.decode, data:sub(9, 8 + size))
  if not ok or type(head) ~= "table" or head.v ~= VERSION or not is_ours(head.state) then
    return nil
  end
  local blocks, first = {}, 9 + size
  for index, each in ipairs(head.blocks) do
    blocks[index] = { first = first, size = each[1], updated = each[2], id = each[3] }
    first = first + each[1]
  end
  if first ~= #data + 1 then
    return nil
  end
  return { mark = mark, at = places(head.columns), data = data, blocks = blocks }
end

---@param list flemma.session.Table
---@param block flemma.session.Block
---@return any[][]
local function rows_of(list, block)
  block.rows = block.rows or vim.mpack.decode(list.data:sub(block.first, block.first + block.size - 1))
  return block.rows
end

--- What the beginnings of journals tell, where nobody has made the list yet.
---@return flemma.session.Table
local function from_journals()
  local files = require("flemma.session.files")
  local rows = {}
  for _, id in ipairs(files.ids()) do
    local path = files.path(id, "journal.jsonl")
    local status = vim.uv.fs_stat(path)
    local line = status and (files.read(path, 16384) or ""):match("^[^\n]+")
    local ok, first = pcall(vim.json.decode, line or "", { luanil = { object = true } })
    local data = ok and type(first) == "table" and type(first.d) == "table" and first.d or {}
    if status then
      local updated = status.mtime.sec * 1000 + math.floor(status.mtime.nsec / 1e6)
      local created = math.floor((tonumber(data.created_at) or status.mtime.sec) * 1000)
      local parent = type(data.parent) == "table" and data.parent.sid or nil
      rows[#rows + 1] = { id, data.cwd or "", updated, created, data.chat_path or "", parent or "" }
    end
  end
  table.sort(rows, function(one, other)
    return one[3] > other[3] or (one[3] == other[3] and one[1] > other[1])
  end)
  local at = places({ "id", "cwd", "updated_at_ms", "created_at_ms", "chat_path", "parent_id" })
  local last = rows[#rows]
  local blocks = last and { { first = 1, size = 0, updated = last[3], id = last[1], rows = rows } } or {}
  return { mark = "", at = at, data = "", blocks = blocks }
end

---@return flemma.session.Table
local function current()
  local path = require("flemma.session.files").snapshot()
  local status = vim.uv.fs_stat(path)
  if not status then
    return from_journals()
  end
  local mark = ("%s %d %d %d %d"):format(path, status.ino, status.size, status.mtime.sec, status.mtime.nsec)
  if not known or known.mark ~= mark then
    known = read(path, mark)
  end
  return known or from_journals()
end

---@param list flemma.session.Table
---@param values any[]
---@return flemma.session.Row
local function row(list, values)
  local made = {}
  for name, index in pairs(list.at) do
    local value = values[index]
    if value ~= vim.NIL and (value ~= "" or name == "cwd") then
      made[name] = value
    end
  end
  if made.pinned ~= nil then
    made.pinned = made.pinned == 1 or made.pinned == true
  end
  return made
end

---@param value any
---@param name string
local function positive(value, name)
  if value ~= nil and (type(value) ~= "number" or value < 1 or value % 1 ~= 0) then
    error(("list() wants a whole number from 1 on as %s, not %s"):format(name, vim.inspect(value)), 0)
  end
  return value
end

---@param cursor string?
---@return integer? updated
---@return string? id
local function place(cursor)
  if cursor == nil then
    return nil
  end
  local updated, id = tostring(cursor):match("^(%d+):(.+)$")
  if not updated then
    error(("%s is not where a list of sessions can go on"):format(vim.inspect(cursor)), 0)
  end
  return tonumber(updated), id
end

--- Sessions other than that of the current chat, the latest first. Raises an error for what is no option.
---@param opts? { limit?: integer, cursor?: string, cwd?: string }
---@return flemma.session.Row[] rows
---@return string? cursor where the list goes on
function M.list(opts)
  if opts ~= nil and type(opts) ~= "table" then
    error("list() wants a table of limit, cursor and cwd", 0)
  end
  opts = opts or {}
  local limit = positive(opts.limit, "limit") or math.huge
  local after, after_id = place(opts.cursor)
  local chats = require("flemma.session.current")
  local chat = chats.chat()
  local own = chat and chats.facts(chat).id
  local list = current()
  local id, updated, cwd = list.at.id, list.at.updated_at_ms, list.at.cwd
  local function is_behind(at, name)
    return not after or at < after or (at == after and name < after_id)
  end
  local found = {}
  for _, block in ipairs(list.blocks) do
    for _, values in ipairs(is_behind(block.updated, block.id) and rows_of(list, block) or {}) do
      local is_wanted = values[id] ~= own and (opts.cwd == nil or values[cwd] == opts.cwd)
      if is_wanted and is_behind(values[updated], values[id]) then
        if #found == limit then
          local last = found[#found]
          return found, ("%d:%s"):format(last.updated_at_ms, last.id)
        end
        found[#found + 1] = row(list, values)
      end
    end
  end
  return found, nil
end

--- Rows as a forest: see `flemma.session`.
---@param rows flemma.session.Row[]
---@return flemma.session.Row[]
function M.tree(rows)
  local by_id, children, roots = {}, {}, {}
  for _, each in ipairs(rows) do
    by_id[each.id] = each
  end
  for _, each in ipairs(rows) do
    local parent = each.parent_id and by_id[each.parent_id]
    local list = roots
    if parent and parent ~= each then
      children[parent.id] = children[parent.id] or {}
      list = children[parent.id]
    end
    list[#list + 1] = each
  end
  local found, seen = {}, {}
  local function add(each, depth)
    if seen[each.id] then
      return
    end
    seen[each.id] = true
    found[#found + 1] = vim.tbl_extend("force", each, { depth = depth })
    for _, child in ipairs(children[each.id] or {}) do
      add(child, depth + 1)
    end
  end
  for _, each in ipairs(roots) do
    add(each, 0)
  end
  -- Two that name each other as parents have no root: they are shown all the same.
  for _, each in ipairs(rows) do
    add(each, 0)
  end
  return found
end

return M
