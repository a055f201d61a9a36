--- Writes a chat's file after each request, if the user wants that (`editing.auto_write`).
---
--- Never by force: a file that somebody else changed meanwhile stays theirs, and what cannot be written is said.

local api = vim.api

local M = {}

---@type table<integer, integer> time of the file as the buffer knows it
local known = {}

local function file_time(buf)
  return vim.fn.getftime(api.nvim_buf_get_name(buf))
end

--- Remember the file as it is when the buffer is read or written.
---@param buf integer
function M.attach(buf)
  known[buf] = file_time(buf)
  local group = api.nvim_create_augroup("flemma.autowrite." .. buf, {})
  api.nvim_create_autocmd({ "BufReadPost", "BufWritePost", "BufFilePost" }, {
    group = group,
    buffer = buf,
    callback = function()
      known[buf] = file_time(buf)
    end,
  })
  api.nvim_create_autocmd("BufWipeout", {
    group = group,
    buffer = buf,
    callback = vim.schedule_wrap(function()
      if not api.nvim_buf_is_valid(buf) then
        known[buf] = nil
      end
    end),
  })
end

local function refuse(buf, why)
  local name = vim.fn.fnamemodify(api.nvim_buf_get_name(buf), ":~:.")
  require("flemma.notify").warn(("%s was not written: %s"):format(name, why))
end

---@param buf integer
function M.write(buf)
  local wanted = require("flemma.settings").get("editing", "auto_write") == true
  if not wanted or not vim.bo[buf].modified or vim.bo[buf].buftype ~= "" or api.nvim_buf_get_name(buf) == "" then
    return
  end
  if file_time(buf) ~= known[buf] then
    return refuse(buf, "the file was changed by somebody else; :write! puts yours in its place")
  end
  local ok, problem = pcall(api.nvim_buf_call, buf, function()
    vim.cmd("silent write")
  end)
  if not ok then
    refuse(buf, tostring(problem):gsub("^.-(E%d+:)", "%1"))
  end
end

return M
