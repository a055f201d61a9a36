--- Tells the host when a chat is in its file, and when Neovim is quit: what a crash leaves is told from what was left.

local api = vim.api

local M = {}

local group = api.nvim_create_augroup("flemma.files", {})

---@param buf integer
function M.attach(buf)
  api.nvim_clear_autocmds({ group = group, buffer = buf })
  api.nvim_create_autocmd("BufWritePost", {
    group = group,
    buffer = buf,
    callback = function(args)
      -- Not where it was only written to another file (`:write other`).
      local name = api.nvim_buf_get_name(buf)
      if vim.uv.fs_realpath(args.file) == vim.uv.fs_realpath(name) or args.match == name then
        require("flemma.buffer.watch").flush(buf)
        require("flemma.host").send("written", { buf = buf, name = name })
      end
    end,
  })
end

api.nvim_create_autocmd("VimLeavePre", {
  group = group,
  callback = function()
    -- A signal ends Neovim, too; then the user left nothing behind on purpose.
    if vim.v.dying == 0 then
      require("flemma.host").send("leaving", {})
    end
  end,
})

return M
