--- Questions of the host, put to the user by whatever answers `vim.ui.select`.

local M = {}

---@param payload { id: integer, question: string, options: string[], buf?: integer }
function M.ask(payload)
  local function answer(choice)
    require("flemma.host").send("chosen", { id = payload.id, choice = choice and choice - 1 or nil })
  end
  local question = payload.question
  local buf = payload.buf
  if buf and vim.api.nvim_buf_is_valid(buf) and vim.fn.bufwinid(buf) == -1 then
    question = ("%s: %s"):format(vim.fn.fnamemodify(vim.api.nvim_buf_get_name(buf), ":t"), question)
  end
  -- A picker may be drawn at once, and this is called from within a message of the host's.
  vim.schedule(function()
    local opts = { prompt = question, kind = "flemma_question" }
    local ok = pcall(vim.ui.select, payload.options, opts, function(_, index)
      answer(index)
    end)
    if not ok then
      answer(nil)
    end
  end)
end

--- Show a text that reads as a chat in a window of its own; nothing of it is a chat that could be sent.
---@param payload { title: string, lines: string[] }
function M.beside(payload)
  vim.schedule(function()
    vim.cmd("keepalt new")
    local buf = vim.api.nvim_get_current_buf()
    vim.api.nvim_buf_set_lines(buf, 0, -1, false, payload.lines)
    vim.bo[buf].buftype, vim.bo[buf].bufhidden, vim.bo[buf].swapfile = "nofile", "wipe", false
    vim.bo[buf].modifiable, vim.bo[buf].filetype = false, "markdown"
    pcall(vim.api.nvim_buf_set_name, buf, ("flemma://%s"):format(payload.title))
  end)
end

--- Replace lines of an idle chat as one undo step. False: it is busy, or its text is another one by now.
---@param payload { buf: integer, tick: integer, first: integer, last: integer, lines: string[] }
---@return boolean
function M.place(payload)
  local buf = payload.buf
  if not vim.api.nvim_buf_is_loaded(buf) or require("flemma.buffer").is_busy(buf) then
    return false
  end
  if vim.api.nvim_buf_get_changedtick(buf) ~= payload.tick or not vim.bo[buf].modifiable then
    return false
  end
  vim.api.nvim_buf_set_lines(buf, payload.first, payload.last, true, payload.lines)
  -- The host hears of it before it hears the answer.
  require("flemma.buffer.watch").flush(buf)
  return true
end

return M
