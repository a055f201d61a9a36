--- Chats that want to be looked at: one that has finished, failed or waits for an approval while no window showed it.
---
--- It is told once, counted for status lines until the chat is looked at, and rung for where that is wanted.

local api = vim.api

local M = {}

---@alias flemma.Attention "finished"|"failed"|"approval"

---@type table<integer, flemma.Attention>
local wanting = {}

local SAYS = {
  finished = { "%s has its answer", vim.log.levels.INFO },
  failed = { "%s failed: open it to see why", vim.log.levels.WARN },
  approval = { "%s waits for you: it has tool calls to be run", vim.log.levels.WARN },
}

local group
local focused = true

---@param buf integer
---@return boolean
local function is_shown(buf)
  return vim.iter(api.nvim_tabpage_list_wins(0)):any(function(win)
    return api.nvim_win_get_buf(win) == buf
  end)
end

--- The terminal's own bell: Neovim's is off by default ('belloff').
local function ring()
  if api.nvim_ui_send then
    api.nvim_ui_send("\a")
  else
    -- The standard error of a Neovim in a terminal is that terminal.
    pcall(api.nvim_chan_send, 2, "\a")
  end
end

local function tell(buf)
  require("flemma.announce").announce(buf, "FlemmaAttention", { reason = wanting[buf] or "none" })
  pcall(vim.cmd.redrawstatus, { bang = true })
end

---@param buf integer
local function looked_at(buf)
  if wanting[buf] then
    wanting[buf] = nil
    tell(buf)
  end
end

local function watch()
  if group then
    return
  end
  group = api.nvim_create_augroup("flemma.attention", {})
  api.nvim_create_autocmd({ "BufWinEnter", "WinEnter", "TabEnter" }, {
    group = group,
    callback = function()
      for _, win in ipairs(next(wanting) and api.nvim_tabpage_list_wins(0) or {}) do
        looked_at(api.nvim_win_get_buf(win))
      end
    end,
  })
  api.nvim_create_autocmd({ "FocusGained", "FocusLost" }, {
    group = group,
    callback = function(event)
      focused = event.event == "FocusGained"
    end,
  })
  api.nvim_create_autocmd({ "BufWipeout", "BufUnload" }, {
    group = group,
    callback = function(event)
      wanting[event.buf] = nil
    end,
  })
end

--- Are there calls in the last reply that nobody has answered?
---@param buf integer
---@return boolean
local function waits(buf)
  local outline = require("flemma.ui.outline").of(buf)
  local nodes = outline and outline.nodes or {}
  local seen
  for line = #nodes, 1, -1 do
    local node = nodes[line]
    local role = node.message and node.message.role
    if role == "Assistant" then
      seen = seen or node.message
      if node.message ~= seen then
        return false
      elseif node.kind == "tool_use" and (outline.answered[node.id] or 0) == 0 then
        return true
      end
    elseif seen then
      return false
    end
  end
  return false
end

--- A chat is idle again.
---@param buf integer
---@param status "completed"|"cancelled"|"errored"
function M.ended(buf, status)
  if status == "cancelled" or not api.nvim_buf_is_loaded(buf) then
    return
  end
  local of, hidden = require("flemma.settings").of, not is_shown(buf)
  if of(buf, "ui", "attention", "bell") == true and (hidden or not focused) then
    ring()
  end
  if not hidden or of(buf, "ui", "attention", "enabled") == false then
    return
  end
  watch()
  local reason = status == "errored" and "failed" or waits(buf) and "approval" or "finished"
  wanting[buf] = reason
  local name = vim.fn.fnamemodify(api.nvim_buf_get_name(buf), ":t")
  local says = SAYS[reason]
  local notify = require("flemma.notify")
  local message = says[1]:format(name ~= "" and name or ("the chat in buffer %d"):format(buf))
  if says[2] == vim.log.levels.WARN then
    notify.warn(message)
  else
    notify.info(message)
  end
  tell(buf)
end

--- How many chats want to be looked at, for status lines.
---@return integer
function M.count()
  return vim.tbl_count(wanting)
end

--- Which they are, and why.
---@return table<integer, flemma.Attention> by buffer
function M.list()
  return vim.deepcopy(wanting)
end

--- Go to one of them: `:Flemma attention`.
function M.go()
  local buf = next(wanting)
  if not buf then
    return require("flemma.notify").info("no chat wants your attention")
  end
  api.nvim_set_current_buf(buf)
  looked_at(buf)
end

--- Follow the focus from now on: a bell is for whoever looks elsewhere.
M.watch = watch

return M
