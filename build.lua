-- Installs Flemma's Python packages when the plugin has been fetched or updated.
--
-- lazy.nvim finds this file by itself and runs it in a coroutine: each yield shows a line and lets Neovim go on. By
-- hand, for images and headless machines: `nvim -l build.lua`. Everywhere else it starts the install and returns.

local root = vim.fn.fnamemodify(debug.getinfo(1, "S").source:sub(2), ":p:h")
if #vim.api.nvim_get_runtime_file("lua/flemma/init.lua", false) == 0 then
  vim.opt.runtimepath:prepend(root)
end

local install = require("flemma.install")
local good, message
install.run({
  on_done = function(...)
    good, message = ...
  end,
})

local function is_done()
  return message ~= nil
end

if coroutine.isyieldable() then
  local label
  while not is_done() do
    local now = install.label()
    coroutine.yield(now ~= label and now or nil)
    label = now
  end
  if not good then
    error(message, 0)
  end
elseif #vim.api.nvim_list_uis() == 0 then
  -- Nobody types here, and the process would end before the packages are there.
  vim.wait(30 * 60 * 1000, is_done, 50)
  io.stdout:write("Flemma: ", message or "the install did not end within half an hour", "\n")
  os.exit(good and 0 or 1)
end
