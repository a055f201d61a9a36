--- Work that takes a while, on the message line: where Neovim knows progress messages (0.12) as one of those, else as
--- a line that replaces itself. Never longer than the line, so that no hit-enter prompt can come of it.

local M = {}

---@class (exact) flemma.Progress
---@field title string
---@field id integer|string|nil of the message that is being replaced
---@field plain boolean this Neovim has no progress messages
---@field quiet boolean it is for status lines and terminals, as the user sees it elsewhere

--- Columns that 'showcmd', the prompt, and the title and percentage of a progress message take.
local RESERVED = 36

---@param title string
---@param opts? { quiet: string } its name, where it is told by other means: the message line is left alone then
---@return flemma.Progress
function M.start(title, opts)
  return { title = title, id = opts and opts.quiet, plain = false, quiet = opts ~= nil }
end

---@param text string
---@return string
local function fit(text)
  local columns = math.max(vim.o.columns - RESERVED, 10)
  return vim.fn.strchars(text) > columns and vim.fn.strcharpart(text, 0, columns - 1) .. "…" or text
end

--- What was shown may be written over by the next message: two that stand below each other raise a hit-enter prompt.
local function settle()
  vim.cmd.redraw()
end

---@param progress flemma.Progress
---@param text string
---@param status "running"|"success"|"failed"
---@param percent integer?
---@return boolean
local function as_progress(progress, text, status, percent)
  local options = {
    kind = "progress",
    source = "flemma",
    title = progress.title,
    status = status,
    percent = percent,
    id = progress.id,
  }
  local shown = vim.o.messagesopt
  if progress.quiet then
    vim.cmd.set({ "messagesopt=" .. shown:gsub("progress:c", "progress:"), mods = { noautocmd = true } })
  end
  local ok, id = pcall(vim.api.nvim_echo, { { fit(text) } }, false, options)
  if progress.quiet then
    vim.cmd.set({ "messagesopt=" .. shown, mods = { noautocmd = true } })
  end
  progress.plain = not ok
  progress.id = ok and id or nil
  return ok
end

--- Say how far it is.
---@param progress flemma.Progress
---@param text string
---@param percent? integer
function M.update(progress, text, percent)
  if progress.quiet then
    if not progress.plain then
      as_progress(progress, text, "running", percent)
    end
    return
  end
  -- Not over a command line that is being typed, nor over a question.
  if vim.api.nvim_get_mode().mode:find("^[cr]") then
    return
  end
  if progress.plain or not as_progress(progress, text, "running", percent) then
    pcall(vim.api.nvim_echo, { { fit(progress.title .. ": " .. text) } }, false, {})
  end
  settle()
end

--- It is over; how it went is said by a notice.
---@param progress flemma.Progress
---@param good boolean
function M.finish(progress, good)
  if progress.id and not progress.plain then
    as_progress(progress, good and "done" or "failed", good and "success" or "failed", good and 100 or nil)
    if not progress.quiet then
      settle()
    end
  end
end

return M
