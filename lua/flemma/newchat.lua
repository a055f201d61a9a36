--- `:Flemma new` and `:Flemma ask`: a chat beside what is being worked on, with the selection, diagnostics, the
--- quickfix list or a diff in it, as text that its owner can read and edit.

local api, fn = vim.api, vim.fn

local M = {}

local MARKERS = { ".git", ".hg", ".jj", ".svn" }
local LONGEST_SLUG = 40
--- Lines of one piece that is brought along: a whole generated file is of no use to anybody.
local MOST_LINES = 5000

---@class (exact) flemma.Brought text for a chat
---@field title string
---@field language string
---@field lines string[]

---@class (exact) flemma.From where a chat was asked for
---@field buf integer
---@field range { [1]: integer, [2]: integer }? 1-based lines
---@field root string

---@param from flemma.From
---@return string
local function name_of(from)
  local name = api.nvim_buf_get_name(from.buf)
  return name == "" and "[unnamed]" or (vim.fs.relpath(from.root, name) or fn.fnamemodify(name, ":~"))
end

---@param from flemma.From
---@return flemma.Brought?
local function selection(from)
  if not from.range then
    return nil
  end
  local first, last = from.range[1], from.range[2]
  return {
    title = first == last and ("%s:%d"):format(name_of(from), first) or ("%s:%d-%d"):format(name_of(from), first, last),
    language = vim.bo[from.buf].filetype,
    lines = api.nvim_buf_get_lines(from.buf, first - 1, last, false),
  }
end

local SEVERITY = { "error", "warning", "info", "hint" }

---@param from flemma.From
---@return flemma.Brought?
local function diagnostics(from)
  local lines = {}
  for _, each in ipairs(vim.diagnostic.get(from.buf)) do
    local at = each.lnum + 1
    if not from.range or (at >= from.range[1] and at <= from.range[2]) then
      local source = each.source and (" [%s]"):format(each.source) or ""
      local message = each.message:gsub("\n", " ")
      lines[#lines + 1] = ("%s:%d:%d: %s: %s%s"):format(
        name_of(from),
        at,
        each.col + 1,
        SEVERITY[each.severity],
        message,
        source
      )
    end
  end
  return { title = ("diagnostics of %s"):format(name_of(from)), language = "text", lines = lines }
end

---@param from flemma.From
---@return flemma.Brought
local function quickfix(from)
  local list = fn.getqflist({ items = 0, title = 0 })
  local lines = {}
  for _, item in ipairs(list.items) do
    local name = item.bufnr > 0 and api.nvim_buf_get_name(item.bufnr) or ""
    name = name ~= "" and (vim.fs.relpath(from.root, name) or name) or ""
    local place = name ~= "" and ("%s:%d:%d: "):format(name, item.lnum, item.col) or ""
    lines[#lines + 1] = place .. (item.text:gsub("\n", " "))
  end
  local title = list.title ~= "" and ("quickfix list: " .. list.title) or "quickfix list"
  return { title = title, language = "text", lines = lines }
end

--- What git has to say, or nil and why. Nobody waits for it: `done` is called later.
---@param from flemma.From
---@param done fun(brought: flemma.Brought?, why: string?)
local function diff(from, done)
  local command =
    { "git", "-C", from.root, "--no-pager", "diff", "--no-ext-diff", "--no-textconv", "--no-color", "HEAD" }
  local ok = pcall(vim.system, command, { text = true, timeout = 10000 }, function(result)
    vim.schedule(function()
      if result.code ~= 0 then
        return done(nil, "git diff: " .. vim.trim((result.stderr or ""):match("[^\n]*") or ""))
      end
      local lines = vim.split(vim.trim(result.stdout or ""), "\n", { trimempty = true })
      done({ title = "git diff", language = "diff", lines = lines })
    end)
  end)
  if not ok then
    done(nil, "there is no git")
  end
end

local PIECES = { diagnostics = diagnostics, quickfix = quickfix }
M.WORDS = { "diagnostics", "diff", "quickfix" }

--- A piece as Markdown: its fence is longer than any in it, and no line of it reads as structure.
---@param brought flemma.Brought
---@return string[]
local function as_lines(brought)
  local longest, lines = 2, {}
  for at, line in ipairs(brought.lines) do
    if at > MOST_LINES then
      lines[#lines + 1] = ("… and %d more lines"):format(#brought.lines - MOST_LINES)
      break
    end
    longest = math.max(longest, #(line:match("^%s*(`+)") or ""))
    lines[#lines + 1] = line
  end
  local fence = ("`"):rep(longest + 1)
  local found = { "`" .. brought.title:gsub("`", "'") .. "`", "", fence .. brought.language }
  vim.list_extend(found, lines)
  found[#found + 1] = fence
  return found
end

---@param prompt string
---@return string
local function slug(prompt)
  local words = vim.trim(fn.tolower(prompt):gsub("[^%w]+", "-"):gsub("^%-+", ""):gsub("%-+$", ""))
  return words == "" and "chat" or (words:sub(1, LONGEST_SLUG):gsub("%-+$", ""))
end

--- A file for a new chat, in the project's chat folder.
---@param root string
---@param prompt string
---@return string
local function new_path(root, prompt)
  local folder = require("flemma.settings").get("editing", "chat_folder")
  folder = vim.fs.normalize(vim.startswith(folder, "/") and folder or vim.fs.joinpath(root, folder))
  local stem = os.date("%Y-%m-%d-%H%M-") .. slug(prompt)
  local path, count = vim.fs.joinpath(folder, stem .. ".chat"), 1
  while vim.uv.fs_lstat(path) or fn.bufexists(path) == 1 do
    count = count + 1
    path = vim.fs.joinpath(folder, ("%s-%d.chat"):format(stem, count))
  end
  return path
end

---@param path string
---@param prompt string
---@param pieces flemma.Brought[]
---@param send boolean
local function open(path, prompt, pieces, send)
  local lines = { "@You:", prompt }
  for _, piece in ipairs(pieces) do
    lines[#lines + 1] = ""
    vim.list_extend(lines, as_lines(piece))
  end
  -- The folder is made by the first :write, as that of any file: nothing is left of a chat that was given up.
  vim.cmd.vsplit({ fn.fnameescape(path), mods = { keepalt = true } })
  local buf = api.nvim_get_current_buf()
  api.nvim_buf_set_lines(buf, 0, -1, true, lines)
  api.nvim_create_autocmd("BufWritePre", {
    buffer = buf,
    once = true,
    callback = function()
      fn.mkdir(fn.fnamemodify(path, ":h"), "p")
    end,
  })
  api.nvim_win_set_cursor(0, { 2, #prompt })
  if send then
    require("flemma.actions").send()
  end
end

---@param prompt string what stands behind the command
---@param range { [1]: integer, [2]: integer }?
---@param send boolean
local function start(prompt, range, send)
  local buf = api.nvim_get_current_buf()
  local name = api.nvim_buf_get_name(buf)
  local root = name ~= "" and vim.fs.root(buf, MARKERS) or vim.fs.root(fn.getcwd(), MARKERS) or fn.getcwd()
  local from = { buf = buf, range = range, root = root }
  local pieces, empty, wants_diff = { selection(from) }, {}, false
  while true do
    local word, rest = prompt:match("^(%a+)%s*(.*)$")
    if word == "diff" then
      wants_diff = true
    elseif word and PIECES[word] then
      local piece = PIECES[word](from)
      if #piece.lines > 0 then
        pieces[#pieces + 1] = piece
      else
        empty[#empty + 1] = piece.title
      end
    else
      break
    end
    prompt = rest
  end
  local function go(why)
    for _, title in ipairs(empty) do
      require("flemma.notify").info(title .. ": nothing to bring along")
    end
    if why then
      require("flemma.notify").warn(why)
    end
    open(new_path(root, prompt), prompt, pieces, send and prompt ~= "")
  end
  if not wants_diff then
    return go()
  end
  diff(from, function(piece, why)
    if piece and #piece.lines > 0 then
      pieces[#pieces + 1] = piece
    elseif piece then
      empty[#empty + 1] = piece.title
    end
    go(why)
  end)
end

--- A chat with what is brought along, to be written.
---@param prompt string
---@param range? { [1]: integer, [2]: integer }
function M.new(prompt, range)
  start(prompt, range, false)
end

--- The same, and sent if there is a prompt.
---@param prompt string
---@param range? { [1]: integer, [2]: integer }
function M.ask(prompt, range)
  start(prompt, range, true)
end

return M
