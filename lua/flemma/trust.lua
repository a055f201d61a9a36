--- `:Flemma trust`: a window with what a chat's frontmatter asks for and its exact text, and the owner's yes to it.
---
--- The host keeps what was agreed to. Nothing here waits for an answer: the window stays until it is closed.

local api = vim.api

local M = {}

local TITLE = { 0, 0, #"The frontmatter", "title" }

---@param action string
---@param more? table
local function send(action, more)
  local host = require("flemma.host")
  local payload = vim.tbl_extend("force", { action = action, name = "" }, more or {})
  if not host.ensure() or not host.send("trust", payload) then
    require("flemma.notify").error("The Python host is not there, see :checkhealth flemma.")
  end
end

---@param buf integer
local function about(buf)
  require("flemma.buffer.watch").flush(buf)
  return { buf = buf, name = api.nvim_buf_get_name(buf) }
end

function M.ask()
  local buf = api.nvim_get_current_buf()
  if not require("flemma.buffer").is_chat(buf) then
    return require("flemma.notify").warn("this buffer is not a chat: it asks for nothing")
  end
  send("ask", about(buf))
end

---@param path string a file, or nothing for this chat
function M.revoke(path)
  path = vim.trim(path)
  send("revoke", { name = path ~= "" and vim.fn.fnamemodify(path, ":p") or api.nvim_buf_get_name(0) })
end

function M.list()
  send("list")
end

--- `:Flemma tool:trust`: the Python files of the project that bring tools.
---@param payload? table what to say beside where the chat is
function M.tools(payload)
  local host = require("flemma.host")
  local what = { action = "ask", name = api.nvim_buf_get_name(0) }
  if not host.ensure() or not host.send("tool_files", vim.tbl_extend("force", what, payload or {})) then
    require("flemma.notify").error("The Python host is not there, see :checkhealth flemma.")
  end
end

---@class (exact) flemma.Trust.Question
---@field buf integer the chat
---@field name string its file, or nothing
---@field language string
---@field lines string[] the text between the fences
---@field asks { path: string, value: string, reason: string, line: integer? }[]
---@field digest string
---@field trusted boolean
---@field servers boolean? it is a project's table of MCP servers, and no chat's
---@field kind "tools"? it is a project's folder of Python files with tools, and no chat's

---@param question flemma.Trust.Question
---@return string[]
local function page(question)
  local name = question.name ~= "" and vim.fn.fnamemodify(question.name, ":~:.") or "this chat"
  local what = question.servers and "The MCP servers in"
    or question.kind == "tools" and "The tools in"
    or "The frontmatter of"
  local lines = { ("%s %s%s"):format(what, name, question.trusted and " (you agreed to it)" or ""), "" }
  if question.servers then
    lines[#lines + 1] = "Each is a program that runs as you, or an address that learns what is asked of it."
  elseif question.kind == "tools" then
    lines[#lines + 1] = "It is code that runs as you when a chat of this project is sent, outside of the sandbox."
  elseif #question.asks == 0 then
    lines[#lines + 1] = "When it was last evaluated it asked for nothing that needs your word."
  else
    lines[#lines + 1] = "It asks for what only you can allow:"
    for _, ask in ipairs(question.asks) do
      local place = ask.line and ("line %d: "):format(ask.line) or ""
      lines[#lines + 1] = ("  %s%s = %s (%s)"):format(place, ask.path, ask.value, ask.reason)
    end
  end
  local keys = "y: agree to exactly this text    q: close"
  vim.list_extend(lines, { "", keys, "", ("--- %s ---"):format(question.language) })
  vim.list_extend(lines, question.lines)
  return vim.tbl_map(function(line)
    -- A line break inside of a value would make a line that is none.
    return (line:gsub("\n", "\\n"))
  end, lines)
end

--- Show the question; the cursor goes there.
---@param question flemma.Trust.Question
function M.show(question)
  local shown = { lines = page(question), marks = { TITLE } }
  local buf = require("flemma.ui.page").show("trust", "flemma-trust", shown)
  local win = vim.fn.win_findbuf(buf)[1]
  -- It may have been open already.
  api.nvim_set_current_win(win)
  -- Blanks that look like other characters are part of the text.
  api.nvim_set_option_value("list", true, { win = win, scope = "local" })
  vim.keymap.set("n", "y", function()
    api.nvim_win_close(win, true)
    if question.servers then
      require("flemma.mcp").send("grant", {}, { digest = question.digest, name = question.name })
    elseif question.kind == "tools" then
      -- The folder is named by a file that could be in it.
      M.tools({ action = "grant", digest = question.digest, name = vim.fs.joinpath(question.name, "chat") })
    elseif api.nvim_buf_is_valid(question.buf) then
      send("grant", vim.tbl_extend("force", about(question.buf), { digest = question.digest }))
    end
  end, { buffer = buf, nowait = true, desc = "Flemma: agree to this frontmatter" })
end

return M
