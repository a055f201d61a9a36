--- bufferline.nvim: a chat that is busy, or wants to be looked at, has a sign of its own.
---
---     options = { get_element_icon = require("flemma.integrations.bufferline").get_element_icon }

local api = vim.api

local M = {}

M.BUSY, M.ATTENTION = "󰔟", "●"

---@class (exact) flemma.bufferline.Element as bufferline describes what it draws
---@field filetype string
---@field path string
---@field extension string
---@field directory boolean

local watching = false

local function watch()
  if watching then
    return
  end
  watching = true
  api.nvim_create_autocmd("User", {
    group = api.nvim_create_augroup("flemma.bufferline", {}),
    pattern = "FlemmaStatusChanged",
    callback = function()
      vim.cmd.redrawtabline()
    end,
  })
end

---@param path string
---@return integer?
local function buffer_of(path)
  return vim.iter(api.nvim_list_bufs()):find(function(buf)
    return api.nvim_buf_get_name(buf) == path
  end)
end

---@param element flemma.bufferline.Element
---@return string? icon
---@return string? group
local function icon_of(element)
  if element.filetype ~= "chat" then
    return nil
  end
  watch()
  local buf = buffer_of(element.path)
  local status = buf and require("flemma").status(buf)
  if status and status.busy then
    return M.BUSY, "FlemmaBusy"
  elseif status and status.attention then
    return M.ATTENTION, "FlemmaBusy"
  end
end

---@param element flemma.bufferline.Element
---@return string? icon
---@return string? group
local function with_devicons(element)
  local ok, devicons = pcall(require, "nvim-web-devicons")
  if ok then
    return devicons.get_icon_by_filetype(element.filetype, { default = false })
  end
end

--- What bufferline asks for an icon; or, given a function of yours of that kind, one that asks yours for all else.
---@param given flemma.bufferline.Element|fun(element: flemma.bufferline.Element): string?, string?
---@return any
---@return string?
function M.get_element_icon(given)
  local otherwise = type(given) == "function" and given or with_devicons
  local function find(element)
    local icon, group = icon_of(element)
    if icon then
      return icon, group
    end
    return otherwise(element)
  end
  if type(given) == "function" then
    return find
  end
  return find(given)
end

return M
