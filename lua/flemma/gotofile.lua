--- `gf` and its two siblings on a file reference (`@./a%20b.png;type=image/png`) or an `include('…')`.
---
--- The rules are those of `document/references.py`, read here once more as a key press waits for nobody. Elsewhere in
--- the text the keys do what they always do.

local api = vim.api

local M = {}

---@class (exact) flemma.Named a file as it is named in a line
---@field first integer 1-based byte where the name begins
---@field last integer its last byte
---@field path string what it means
---@field literal string the same with `%` and `+` taken as they are

local OPENINGS = { "^@%.%./", "^@%./", "^@~/", "^@//" }
local COMMANDS = { gf = "edit", ["<C-w>f"] = "split", ["<C-w>gf"] = "tabedit" }
--- Punctuation of other scripts, of which Lua's patterns know nothing.
local WIDE =
  { "。", "，", "、", "；", "：", "！", "？", "）", "」", "』", "】", "》", "”", "’", "»", "…" }

--- How many bytes open a reference at `at`, or nil.
local function opening(line, at)
  for _, pattern in ipairs(OPENINGS) do
    local _, last = line:find(pattern, at)
    if last then
      return last - at + 1
    end
  end
end

local function without_punctuation(text)
  while true do
    local shorter = text:gsub("%p+$", "")
    for _, sign in ipairs(WIDE) do
      if vim.endswith(shorter, sign) then
        shorter = shorter:sub(1, -#sign - 1)
      end
    end
    if shorter == text then
      return text
    end
    text = shorter
  end
end

--- The reference whose `@` is at `at`.
---@return flemma.Named?
local function reference_at(line, at)
  local width = opening(line, at)
  if not width then
    return nil
  end
  local stop = line:find("%s", at + width) or #line + 1
  local other = line:find("@", at + width, true)
  while other and other < stop do
    stop = opening(line, other) and other or stop
    other = line:find("@", other + 1, true)
  end
  local run = line:sub(at, stop - 1)
  local typed, behind = run:find(";type=", width + 1, true)
  local mime = typed and without_punctuation(run:match("^[%w.+!#$&^/_-]*", behind + 1)) or ""
  local written = run:sub(2, typed and typed - 1)
  if mime == "" then
    written = without_punctuation(written)
  end
  if #written < width then
    return nil
  end
  local literal = vim.startswith(written, "//") and written:sub(2) or written
  local last = mime ~= "" and at + behind - 1 + #mime or at + #written
  return { first = at, last = last, path = require("flemma.references").decode(literal), literal = literal }
end

--- The reference or include in `line` that byte `column` (1-based) belongs to.
---@param line string
---@param column integer
---@return flemma.Named?
function M.named(line, column)
  local at = line:find("@", 1, true)
  while at and at <= column do
    local found = reference_at(line, at)
    if found and column <= found.last then
      return found
    end
    at = line:find("@", (found and found.last or at) + 1, true)
  end
  local first, last, _, path = line:find("%f[%w_]include%s*%(%s*(['\"])(.-)%1")
  while first do
    if column >= first and column <= last and not vim.startswith(path, "urn:") then
      return { first = first, last = last, path = path, literal = path }
    end
    first, last, _, path = line:find("%f[%w_]include%s*%(%s*(['\"])(.-)%1", last + 1)
  end
end

--- `path` from the folder of the chat, or from the working directory where the chat has no file.
local function resolve(buf, path)
  if path == "~" or vim.startswith(path, "~/") then
    return vim.uv.os_homedir() .. path:sub(2)
  end
  if vim.startswith(path, "/") then
    return path
  end
  local name = api.nvim_buf_get_name(buf)
  return (name ~= "" and vim.fs.dirname(name) or vim.fn.getcwd()) .. "/" .. path:gsub("^%./", "")
end

--- What the key does without us.
local function usual(key)
  local count = vim.v.count > 0 and tostring(vim.v.count) or ""
  local ok, problem = pcall(vim.cmd.normal, { count .. vim.keycode(key), bang = true })
  if not ok then
    api.nvim_echo({ { (tostring(problem):gsub("^.-(E%d+:)", "%1")), "ErrorMsg" } }, true, {})
  end
end

--- Open the file that is named at the cursor, as `key` would.
---@param key "gf"|"<C-w>f"|"<C-w>gf"
function M.open(key)
  local column = api.nvim_win_get_cursor(0)[2] + 1
  local named = M.named(api.nvim_get_current_line(), column)
  if not named then
    return usual(key)
  end
  local buf = api.nvim_get_current_buf()
  local path = resolve(buf, named.path)
  local found = vim.uv.fs_stat(path)
  if not found and named.literal ~= named.path then
    path = resolve(buf, named.literal)
    found = vim.uv.fs_stat(path)
  end
  if not found then
    return require("flemma.notify").warn(("there is no file %s"):format(resolve(buf, named.path)))
  end
  if found.type ~= "file" and found.type ~= "directory" then
    return require("flemma.notify").warn(("%s is a %s, which cannot be edited"):format(path, found.type))
  end
  -- Taken as it is: `%`, `#`, blanks and stars are ordinary characters of a name.
  local command = { cmd = COMMANDS[key], args = { path }, magic = { file = false, bar = false } }
  local ok, problem = pcall(api.nvim_cmd, command, {})
  if not ok then
    require("flemma.notify").error((tostring(problem):gsub("^.-(E%d+:)", "%1")))
  end
end

return M
