--- Shows what the send key would run, where somebody pressed it without having seen all of that: the next press runs
--- it.

local api, fn = vim.api, vim.fn

local M = {}

--- Milliseconds after the end of a reply (or after calls were shown) in which a press was typed before anybody read it.
M.TYPE_AHEAD = 300

---@type table<integer, number> by buffer: when it last came to rest, in milliseconds of the high-resolution clock
local rested = {}

local function now()
  return vim.uv.hrtime() / 1e6
end

--- A chat came to rest.
---@param buf integer
function M.rested(buf)
  rested[buf] = now()
end

---@param buf integer
function M.forget(buf)
  rested[buf] = nil
end

--- Would a key that is pressed now have been typed before anybody could read what came?
---@param buf integer
---@return boolean
function M.is_typed_ahead(buf)
  return rested[buf] ~= nil and now() - rested[buf] < M.TYPE_AHEAD
end

--- The lines that whoever presses a key now has seen (see `ui/visible.lua`).
---@param buf integer
---@return integer[][]
function M.seen(buf)
  return M.is_typed_ahead(buf) and {} or require("flemma.ui.visible").ranges(buf)
end

--- Open what is closed around the lines, and scroll as little as shows them all; of too many, the first.
---@param win integer
---@param first integer 1-based
---@param last integer
local function bring_into_sight(win, first, last)
  api.nvim_win_call(win, function()
    api.nvim_win_set_cursor(win, { first, 0 })
    if vim.wo[win].foldenable then
      vim.cmd.foldopen({ range = { first, last }, bang = true, mods = { emsg_silent = true } })
    end
    fn.winrestview({ leftcol = 0 })
    local room = api.nvim_win_get_height(win) - 2 * vim.wo[win].scrolloff
    local height = api.nvim_win_text_height(win, { start_row = first - 1, end_row = last - 1 }).all
    if height >= room then
      vim.cmd("normal! zt")
    else
      api.nvim_win_set_cursor(win, { last, 0 })
      vim.cmd("redraw")
      api.nvim_win_set_cursor(win, { first, 0 })
    end
  end)
end

--- Lines are 0-based, `last` is behind the last one.
---@param payload { buf: integer, first: integer, last: integer, count: integer, names: string }
function M.show(payload)
  local buf = payload.buf
  local win = api.nvim_get_current_win()
  if api.nvim_win_get_buf(win) ~= buf then
    win = fn.bufwinid(buf)
  end
  if win == -1 then
    return
  end
  local last = math.min(payload.last, api.nvim_buf_line_count(buf))
  bring_into_sight(win, math.min(payload.first + 1, last), last)
  local key = require("flemma.settings").get("keymaps", "normal", "send")
  require("flemma.notify").info(
    ("%s will run (%s): %s again runs %s"):format(
      payload.count == 1 and "this tool call" or payload.count .. " tool calls",
      payload.names,
      type(key) == "string" and key ~= "" and key or "the send key",
      payload.count == 1 and "it" or "them"
    )
  )
  if win == api.nvim_get_current_win() then
    -- When the chat is at rest again: the window would go as the cursor is put.
    vim.schedule(function()
      if api.nvim_get_current_buf() == buf then
        require("flemma.ui.preview").at_cursor()
      end
    end)
  end
end

return M
