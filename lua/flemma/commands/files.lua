--- Commands about files that tools changed.

---@type table<string, flemma.Command>
return {
  ["session:restore"] = {
    about = "show what brings files back to before the message at the cursor, and do it; undo: take that back",
    complete = { "undo" },
    run = function(args)
      local buf = vim.api.nvim_get_current_buf()
      if not require("flemma.buffer").is_chat(buf) then
        return require("flemma.notify").warn("this buffer is not a chat: go to the one whose tools changed files")
      end
      local undo = args[1] == "undo"
      require("flemma.rewind").restore(buf, undo and { undo = true } or { line = vim.api.nvim_win_get_cursor(0)[1] })
    end,
  },
}
