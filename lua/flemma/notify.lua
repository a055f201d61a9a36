--- What Flemma says to the user: notices with its name in front, delivered from the main loop.
---
--- Neovim's own vim.notify raises a hit-enter prompt when a notice does not fit, and while that stands no reply can be
--- written. So there a notice is cut to the line, and `:Flemma notices` shows the whole of it.

local M = {}

--- How the floating report of usage looks; for `notify` in setup(), which may come before anything else of Flemma.
M.default_opts = vim.deepcopy(require("flemma.settings").defaults.ui.usage)

local said = {}

--- Columns that 'showcmd' and the prompt take at the end of the message line.
local RESERVED = 12

local HIGHLIGHTS = { [vim.log.levels.WARN] = "WarningMsg", [vim.log.levels.ERROR] = "ErrorMsg" }

local KEPT = 50

---@type { text: string, level: integer, time: string }[] the last notices
local notices = {}

--- Nobody has put another vim.notify in place of Neovim's own, which comes from no file of the user's.
local function is_builtin()
  local source = debug.getinfo(vim.notify, "S").source
  return source == "?" or source:find("vim[/\\]_") ~= nil
end

--- The part of a text that fits into so many columns.
---@param text string
---@param columns integer
---@return string
local function cut(text, columns)
  if vim.fn.strdisplaywidth(text) <= columns then
    return text
  end
  local kept = vim.fn.strcharpart(text, 0, columns - 1)
  while vim.fn.strdisplaywidth(kept) > columns - 1 do
    kept = vim.fn.strcharpart(kept, 0, vim.fn.strchars(kept) - 1)
  end
  return kept .. "…"
end

local function echo(text, level)
  local columns = math.max(vim.o.columns * math.max(vim.o.cmdheight, 1) - RESERVED, 20)
  local shown = cut(text:gsub("%s*\n%s*", " · "), columns)
  vim.api.nvim_echo({ { shown, HIGHLIGHTS[level] } }, true, {})
end

--- A message as a sentence: what has no end gets one, and a capital first unless a name of code begins it.
---@param message string
---@return string
local function sentence(message)
  if message:find("\n", 1, true) or not message:find("[%w)]$") then
    return message
  end
  return (message:gsub("^%l%l*%s", function(word)
    return word:sub(1, 1):upper() .. word:sub(2)
  end)) .. "."
end

---@param message string
---@param level integer one of vim.log.levels
local function deliver(message, level)
  message = sentence(message)
  local text = "Flemma: " .. message
  table.insert(notices, { text = message, level = level, time = os.date("%H:%M:%S") })
  if #notices > KEPT then
    table.remove(notices, 1)
  end
  vim.schedule(function()
    -- A notice must never become an error of its own: the user's vim.notify may be anything.
    local ok = not is_builtin() and pcall(vim.notify, text, level, { title = "Flemma" })
    if not ok then
      pcall(echo, text, level)
    end
  end)
end

---@param message string
function M.info(message)
  deliver(message, vim.log.levels.INFO)
end

---@param message string
function M.warn(message)
  deliver(message, vim.log.levels.WARN)
end

---@param message string
function M.error(message)
  deliver(message, vim.log.levels.ERROR)
end

--- Say it the first time only.
---@param message string
---@param level integer
function M.once(message, level)
  if not said[message] then
    said[message] = true
    deliver(message, level)
  end
end

--- Show the last notices whole, as `:messages` does.
function M.show()
  local chunks = {}
  for _, notice in ipairs(notices) do
    chunks[#chunks + 1] = { notice.time .. "  ", "Comment" }
    chunks[#chunks + 1] = { notice.text .. "\n", HIGHLIGHTS[notice.level] }
  end
  vim.api.nvim_echo(#chunks > 0 and chunks or { { "Flemma has said nothing so far" } }, false, {})
end

---@type table<string, fun(message: string)>
M.by_level = { info = M.info, warn = M.warn, error = M.error }

return M
