-- Holds the conversation of examples/welcome.chat as a person would, by pressing keys, and prints the finished buffer.
-- Run by scripts/demo in a Neovim without a terminal.

local buf = vim.api.nvim_get_current_buf()
local finished = {}
vim.api.nvim_create_autocmd("User", {
  pattern = "FlemmaRequestFinished",
  callback = function(event)
    finished[#finished + 1] = event.data.status
  end,
})
vim.notify = function(message)
  io.stderr:write(message, "\n")
end

local function leave(code, why)
  if why then
    io.stderr:write("demo: ", why, "\n", table.concat(vim.api.nvim_buf_get_lines(buf, 0, -1, false), "\n"), "\n")
  end
  vim.cmd(code == 0 and "qall!" or "cquit " .. code)
end

local function press(keys)
  vim.api.nvim_feedkeys(vim.keycode(keys), "tx", false)
end

local function wait(what, condition)
  if not vim.wait(60000, condition, 20) then
    leave(1, what .. " did not come within a minute; what there is:")
  end
end

local function request_ends(count)
  wait("the answer", function()
    return #finished >= count
  end)
  if finished[count] ~= "completed" then
    leave(1, "the request " .. finished[count])
  end
end

press("G<C-]>")
request_ends(1)
press("<C-]>")
wait("the tool's result", function()
  return vim.bo[buf].modifiable and vim.fn.search([[^\*\*Tool Result:\*\*]], "nw") > 0
end)
press("<C-]>")
request_ends(2)
press("Athink about it<Esc><C-]>")
request_ends(3)
io.stdout:write(table.concat(vim.api.nvim_buf_get_lines(buf, 0, -1, false), "\n"), "\n")
leave(0)
