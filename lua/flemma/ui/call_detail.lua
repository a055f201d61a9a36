--- What a tool call asks for, in a few words: the command, the file, the pattern, or its arguments as they are.

local M = {}

--- Bytes of input that are read; of more the beginning is shown as it is.
local MOST = 65536
local MOST_ITEMS = 6

---@param value any
---@return boolean
local function is_text(value)
  return type(value) == "string" and value ~= ""
end

---@param bytes integer
local function size(bytes)
  if bytes < 1024 then
    return bytes .. "B"
  end
  return bytes < 1048576 and ("%.1fKB"):format(bytes / 1024) or ("%.1fMB"):format(bytes / 1048576)
end

---@type table<string, fun(input: table): string?>
local KNOWN = {
  bash = function(input)
    return is_text(input.command) and "$ " .. input.command or nil
  end,
  read = function(input)
    local from = type(input.offset) == "number" and ("  +%d"):format(input.offset) or ""
    local count = type(input.limit) == "number" and (",%d"):format(input.limit) or ""
    return is_text(input.path) and input.path .. from .. (from ~= "" and count or "") or nil
  end,
  write = function(input)
    local content = type(input.content) == "string" and input.content or ""
    return is_text(input.path) and ("%s  (%s)"):format(input.path, size(#content)) or nil
  end,
  edit = function(input)
    return is_text(input.path) and input.path or nil
  end,
  grep = function(input)
    local where = is_text(input.path) and "  " .. input.path or ""
    local glob = is_text(input.glob) and "  " .. input.glob or ""
    return is_text(input.pattern) and ("/%s/%s%s"):format(input.pattern, where, glob) or nil
  end,
  find = function(input)
    local where = is_text(input.path) and " in " .. input.path or ""
    return is_text(input.pattern) and input.pattern .. where or nil
  end,
  ls = function(input)
    local depth = type(input.max_depth) == "number" and input.max_depth > 1
    return is_text(input.path) and input.path .. (depth and ("  depth=%d"):format(input.max_depth) or "") or nil
  end,
  calculator = function(input)
    return is_text(input.expression) and input.expression or nil
  end,
}

---@param value table
local function summary(value)
  if vim.islist(value) then
    return #value == 1 and "[1 item]" or ("[%d items]"):format(#value)
  end
  local keys = vim.tbl_keys(value)
  table.sort(keys)
  if #keys > 2 then
    return ("{%s, %s, +%d more}"):format(keys[1], keys[2], #keys - 2)
  end
  return "{" .. table.concat(keys, ", ") .. "}"
end

--- Any tool's arguments: plain values first, then tables, each in the order of their names.
---@param input table
---@return string
local function generic(input)
  local plain, tables = {}, {}
  for _, name in ipairs(vim.fn.sort(vim.tbl_keys(input))) do
    local value = input[name]
    if type(value) == "table" then
      tables[#tables + 1] = ("%s=%s"):format(name, summary(value))
    elseif value ~= vim.NIL and name ~= "label" then
      local shown = type(value) == "string" and ('"%s"'):format(value:sub(1, 300):gsub('"', '\\"')) or tostring(value)
      plain[#plain + 1] = ("%s=%s"):format(name, shown)
    end
    if #plain > MOST_ITEMS then
      break
    end
  end
  return table.concat(vim.list_extend(plain, tables), ", ")
end

--- The words for a call. Nil where its input is no table of arguments, or too long to be read.
---@param name string
---@param json string
---@return string? label what the model says that the call is for
---@return string? detail
function M.describe(name, json)
  if #json > MOST then
    return nil, nil
  end
  local ok, input = pcall(vim.json.decode, json)
  if not ok or type(input) ~= "table" or vim.islist(input) and #input > 0 then
    return nil, nil
  end
  local detail = KNOWN[name] and KNOWN[name](input) or generic(input)
  return is_text(input.label) and input.label or nil, detail
end

return M
