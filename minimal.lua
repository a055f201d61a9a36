-- For bug reports: Flemma alone, in an editor that has nothing of yours.
--
--   nvim -u minimal.lua talk.chat
--
-- Run it from anywhere inside of a clone; its packages, logs and settings go into a folder of their own.

local root = vim.fn.fnamemodify(debug.getinfo(1, "S").source:sub(2), ":p:h")
local home = vim.fs.joinpath(root, ".cache", "minimal")
for _, kind in ipairs({ "CONFIG", "DATA", "STATE", "CACHE" }) do
  vim.env["XDG_" .. kind .. "_HOME"] = vim.fs.joinpath(home, kind:lower())
end
vim.opt.runtimepath = { root, vim.env.VIMRUNTIME }
vim.opt.packpath = { vim.env.VIMRUNTIME }

-- Put the settings that are needed to see the problem here.
require("flemma").setup({
  logging = { enabled = true, level = "DEBUG" },
})
