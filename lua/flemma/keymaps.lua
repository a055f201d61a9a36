--- The default keys of a chat buffer: buffer-local, each one a setting, none where the user has mapped it already.

local M = {}

---@type { mode: string, setting?: string[], key?: string, plug: string }[] `key`: Vim's own, whose meaning is widened
local KEYS = {
  { mode = "n", setting = { "normal", "regenerate" }, plug = "<Plug>(FlemmaRegenerate)" },
  { mode = "n", setting = { "normal", "yank_code" }, plug = "<Plug>(FlemmaYankCode)" },
  { mode = "n", setting = { "normal", "paste" }, plug = "<Plug>(FlemmaPaste)" },
  { mode = "i", setting = { "insert", "role" }, plug = "<Plug>(FlemmaRole)" },
  { mode = "n", setting = { "normal", "send" }, plug = "<Plug>(FlemmaSend)" },
  { mode = "i", setting = { "insert", "send" }, plug = "<Plug>(FlemmaSendInsert)" },
  { mode = "n", setting = { "normal", "cancel" }, plug = "<Plug>(FlemmaCancel)" },
  { mode = "n", setting = { "normal", "tool_execute" }, plug = "<Plug>(FlemmaToolExecute)" },
  { mode = "n", key = "gf", plug = "<Plug>(FlemmaFile)" },
  { mode = "n", key = "<C-w>f", plug = "<Plug>(FlemmaFileSplit)" },
  { mode = "n", key = "<C-w>gf", plug = "<Plug>(FlemmaFileTab)" },
}
for _, mode in ipairs({ "n", "x", "o" }) do
  KEYS[#KEYS + 1] = { mode = mode, setting = { "normal", "message_next" }, plug = "<Plug>(FlemmaMessageNext)" }
  KEYS[#KEYS + 1] = { mode = mode, setting = { "normal", "message_prev" }, plug = "<Plug>(FlemmaMessagePrevious)" }
  KEYS[#KEYS + 1] = { mode = mode, setting = { "normal", "tool_next" }, plug = "<Plug>(FlemmaToolNext)" }
  KEYS[#KEYS + 1] = { mode = mode, setting = { "normal", "tool_prev" }, plug = "<Plug>(FlemmaToolPrevious)" }
end

---@type table<integer, { mode: string, key: string }[]>
local mapped = {}

local function is_key(key)
  return type(key) == "string" and key ~= ""
end

local function is_mapped(buf, mode, key)
  for _, map in ipairs(vim.api.nvim_buf_get_keymap(buf, mode)) do
    if vim.keycode(map.lhs) == vim.keycode(key) then
      return true
    end
  end
  return false
end

local function map(buf, mode, key, plug)
  -- hasmapto(): a user who maps the <Plug> elsewhere does not want the default as well.
  if not is_mapped(buf, mode, key) and vim.fn.hasmapto(plug, mode) == 0 then
    vim.keymap.set(mode, key, plug, { buffer = buf, remap = true, desc = "Flemma" })
    table.insert(mapped[buf], { mode = mode, key = key })
  end
end

--- Is this the user's already: a leader, what begins with one, or a key that is mapped everywhere?
local function is_taken(key)
  local typed = vim.keycode(key)
  for _, leader in ipairs({ vim.g.mapleader, vim.g.maplocalleader }) do
    if type(leader) == "string" and leader ~= "" and vim.startswith(typed, leader) then
      return true
    end
  end
  return vim.fn.maparg(key, "n") ~= ""
end

--- The keys of folds and of hidden markup. Where the second is the first one twice, one mapping serves both, and does
--- not wait for what comes next.
local function map_toggles(buf)
  local settings = require("flemma.settings")
  local function wanted(name)
    local key = settings.get("keymaps", "normal", name)
    local is_default = key == settings.defaults.keymaps.normal[name]
    return is_key(key) and not (is_default and is_taken(key)) and key or nil
  end
  local fold, conceal = wanted("fold_toggle"), wanted("conceal_toggle")
  if fold and conceal == fold .. fold then
    map(buf, "n", fold, "<Plug>(FlemmaFoldOrConceal)")
    return
  end
  if fold then
    map(buf, "n", fold, "<Plug>(FlemmaFoldToggle)")
  end
  if conceal then
    map(buf, "n", conceal, "<Plug>(FlemmaConcealToggle)")
  end
end

--- The text objects: one letter behind `i` and `a`.
local function map_text_objects(buf, letter, what)
  for _, mode in ipairs({ "x", "o" }) do
    map(buf, mode, "i" .. letter, ("<Plug>(FlemmaInside%s)"):format(what))
    map(buf, mode, "a" .. letter, ("<Plug>(FlemmaAround%s)"):format(what))
  end
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
    local key = entry.key or settings.get("keymaps", unpack(entry.setting))
    if is_key(key) then
      map(buf, entry.mode, key, entry.plug)
    end
  end
  map_toggles(buf)
  for name, what in pairs({ text_object = "Message", code_object = "Code" }) do
    local letter = settings.get("keymaps", name)
    if is_key(letter) then
      map_text_objects(buf, letter, what)
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
