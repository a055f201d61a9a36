--- `:Flemma paste`: an image from the clipboard becomes a file beside the chat, and its reference stands at the cursor.

local api, fn = vim.api, vim.fn

local M = {}

--- Programs that write the clipboard's image to their output, as PNG; the first that there is, is asked.
---@return { [1]: string, [integer]: string }[]
local function programs()
  local found = {}
  if vim.env.WAYLAND_DISPLAY then
    found[#found + 1] = { "wl-paste", "--no-newline", "--type", "image/png" }
  end
  if vim.env.DISPLAY then
    found[#found + 1] = { "xclip", "-selection", "clipboard", "-target", "image/png", "-out" }
  end
  found[#found + 1] = { "pngpaste", "-" }
  found[#found + 1] = {
    "powershell.exe",
    "-NoProfile",
    "-Command",
    "$i = Get-Clipboard -Format Image; if ($i) { $s = New-Object IO.MemoryStream; "
      .. "$i.Save($s, [Drawing.Imaging.ImageFormat]::Png); $o = [Console]::OpenStandardOutput(); "
      .. "$s.WriteTo($o); $o.Flush() }",
  }
  return vim.tbl_filter(function(command)
    return fn.executable(command[1]) == 1
  end, found)
end

local PNG = "\137PNG\r\n\26\n"

--- A file beside the chat that is not there yet.
---@param chat string
---@return string path
---@return string name relative to the chat's folder
local function free_name(chat)
  local folder, stem = fn.fnamemodify(chat, ":h"), fn.fnamemodify(chat, ":t:r")
  local stamp, count = os.date("%Y%m%d-%H%M%S"), 0
  while true do
    local name = ("%s-%s%s.png"):format(stem, stamp, count > 0 and "-" .. count or "")
    local path = vim.fs.joinpath(folder, name)
    if not vim.uv.fs_lstat(path) then
      return path, name
    end
    count = count + 1
  end
end

---@param buf integer
---@param mark integer where the reference goes
---@param data string
local function keep(buf, mark, data)
  local notify = require("flemma.notify")
  if not vim.startswith(data, PNG) then
    return notify.warn("there is no image in the clipboard")
  end
  local path, name = free_name(api.nvim_buf_get_name(buf))
  local file, problem = vim.uv.fs_open(path, "wx", 420)
  if not file then
    return notify.error(("the image could not be written: %s"):format(problem))
  end
  local written, why = vim.uv.fs_write(file, data)
  vim.uv.fs_close(file)
  if written ~= #data then
    return notify.error(("the image could not be written to %s: %s"):format(path, why or "the disk is full"))
  end
  local place = api.nvim_buf_get_extmark_by_id(buf, M.ns, mark, {})
  if not vim.bo[buf].modifiable or #place == 0 then
    return notify.warn(("the image is in %s; the chat could not be changed"):format(path))
  end
  api.nvim_buf_set_text(
    buf,
    place[1],
    place[2],
    place[1],
    place[2],
    { "@./" .. require("flemma.references").encode(name) }
  )
  notify.info(("the image is in %s"):format(name))
end

M.ns = api.nvim_create_namespace("flemma.clipboard")

--- Put the clipboard's image into a file, and its reference where the cursor is now.
function M.paste()
  local buf = api.nvim_get_current_buf()
  local notify = require("flemma.notify")
  if vim.bo[buf].filetype ~= "chat" then
    return notify.warn("this buffer is not a chat")
  elseif api.nvim_buf_get_name(buf) == "" then
    return notify.warn("the image goes beside the chat's file: :write the chat first")
  end
  local command = programs()[1]
  if not command then
    return notify.error("no program gives images of the clipboard: install wl-clipboard, xclip or pngpaste")
  end
  local row, column = unpack(api.nvim_win_get_cursor(0))
  local line = api.nvim_get_current_line()
  local at = math.min(column + (#line > 0 and 1 or 0), #line)
  local mark = api.nvim_buf_set_extmark(buf, M.ns, row - 1, at, {})
  vim.system(command, { timeout = 10000 }, function(result)
    vim.schedule(function()
      if api.nvim_buf_is_loaded(buf) then
        keep(buf, mark, result.stdout or "")
        api.nvim_buf_del_extmark(buf, M.ns, mark)
      end
    end)
  end)
end

return M
