--- The default keys of a chat buffer: buffer-local, each one a setting, none where the user has mapped it already.

local M = {}

---@type { mode: string, setting: string[], plug: string }[]
local KEYS = {
  { mode = "n", setting = { "normal", "send" }, plug = "<Plug>(FlemmaSend)" },
  { mode = "i", setting = { "insert", "send" }, plug = "<Plug>(FlemmaSendInsert)" },
  { mode = "n", setting = { "normal", "cancel" }, plug = "<Plug>(FlemmaCancel)" },
  { mode = "n", setting = { "normal", "tool_execute" }, plug = "<Plug>(FlemmaToolExecute)" },
}

---@type table<integer, { mode: string, key: string }[]>
local mapped = {}

local function is_mapped(buf, mode, key)
  for _, map in ipairs(vim.api.nvim_buf_get_keymap(buf, mode)) do
    if vim.keycode(map.lhs) == vim.keycode(key) then
      return true
    end
  end
  return false
end

--- Map the keys for this buffer.
---@param buf integer
function M.attach(buf)
  local settings = require("flemma.settings")
  mapped[buf] = {}
  if settings.get("keymaps", "enabled") == false then
    return
  end
  for _, entry in ipairs(KEYS) do
    local key = settings.get("keymaps", unpack(entry.setting))
    if type(key) == "string" and key ~= "" and not is_mapped(buf, entry.mode, key) then
      -- hasmapto(): a user who maps the <Plug> elsewhere does not want the default as well.
      if vim.fn.hasmapto(entry.plug, entry.mode) == 0 then
        vim.keymap.set(entry.mode, key, entry.plug, { buffer = buf, remap = true, desc = "Flemma" })
        table.insert(mapped[buf], { mode = entry.mode, key = key })
      end
    end
  end
end

---@param buf integer
function M.detach(buf)
  for _, entry in ipairs(mapped[buf] or {}) do
    pcall(vim.keymap.del, entry.mode, entry.key, { buffer = buf })
  end
  mapped[buf] = nil
end

return M
