--- Tells the host when a chat is in its file, and when Neovim is quit: what a crash leaves is told from what was left.

local api = vim.api

local M = {}

local group = api.nvim_create_augroup("flemma.files", {})

---@type table<integer, boolean>
local chats = {}

---@param buf integer
function M.attach(buf)
  chats[buf] = true
end

-- One for all buffers. The write that gives a buffer its name makes Neovim wipe and add it within itself, though the
-- buffer stays: those that are of one buffer alone are lost then.
api.nvim_create_autocmd("BufWritePost", {
  group = group,
  callback = function(args)
    local buf = args.buf
    local name = api.nvim_buf_get_name(buf)
    -- Not where it was only written to another file (`:write other`).
    if chats[buf] and vim.uv.fs_realpath(args.match) == vim.uv.fs_realpath(name) then
      require("flemma.buffer.autowrite").attach(buf)
      require("flemma.buffer.watch").flush(buf)
      require("flemma.host").send("written", { buf = buf, name = name })
    end
  end,
})

api.nvim_create_autocmd("BufWipeout", {
  group = group,
  callback = function(args)
    vim.schedule(function()
      if not api.nvim_buf_is_valid(args.buf) then
        chats[args.buf] = nil
      end
    end)
  end,
})

--- The user gave a command that quits. A terminal that was closed and a signal end Neovim, too: then nothing was left
--- behind on purpose.
local quits = false

api.nvim_create_autocmd("ExitPre", {
  group = group,
  callback = function()
    quits = true
    -- It may still not come to that.
    vim.defer_fn(function()
      quits = false
    end, 1000)
  end,
})

api.nvim_create_autocmd("VimLeavePre", {
  group = group,
  callback = function()
    if quits and vim.v.dying == 0 then
      require("flemma.host").send("leaving", {})
    end
  end,
})

return M
