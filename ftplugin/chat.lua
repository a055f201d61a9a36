-- What a .chat buffer gets when it is opened. Works without setup() and without a host.
if vim.b.did_ftplugin then
  return
end
vim.b.did_ftplugin = 1

local buf = vim.api.nvim_get_current_buf()
local settings = require("flemma.settings")

local undo = { "setlocal commentstring<" }
vim.bo[buf].commentstring = "<!-- %s -->"
if settings.get("editing", "disable_textwidth") then
  vim.bo[buf].textwidth = 0
  undo[#undo + 1] = "textwidth<"
end

if vim.bo[buf].omnifunc == "" then
  -- Until the language client is there, or where it is not wanted.
  vim.bo[buf].omnifunc = require("flemma.lsp").WITHOUT
  undo[#undo + 1] = "omnifunc<"
end

-- A user's own ftplugin came first: what it undoes stays undone.
vim.b.undo_ftplugin = (vim.b.undo_ftplugin and vim.b.undo_ftplugin .. " | " or "")
  .. table.concat(undo, " ")
  .. " | lua require('flemma.keymaps').detach("
  .. buf
  .. ") require('flemma.lsp').detach("
  .. buf
  .. ") require('flemma.buffer').detach("
  .. buf
  .. ") require('flemma.ui').detach("
  .. buf
  .. ")"

require("flemma.keymaps").attach(buf)
require("flemma.buffer.prompt").begin(buf)
require("flemma.buffer").attach(buf)
require("flemma.lsp").attach(buf)
if package.loaded["nvim-web-devicons"] then
  require("flemma.integrations.devicons").setup()
end
-- Looks last: if they fail, everything works all the same.
require("flemma.ui").attach(buf)
