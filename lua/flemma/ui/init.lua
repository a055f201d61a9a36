--- What makes a chat look like one: brings the outline, folds, colours and decorations to a buffer and its windows.
---
--- Options of a window are set for that window and this buffer only, and only once: what the user changes stays.

local api = vim.api

local M = {}

local OPTIONS = "fillchars< linebreak< conceallevel< concealcursor< statuscolumn< winhighlight<"
local FOLD_OPTIONS = "foldmethod< foldexpr< foldtext< foldlevel<"
local UPDATETIME = 100

---@type integer?
local group
---@type integer? the user's 'updatetime' while ours is in force
local updatetime

local function set_local(win, name, value)
  api.nvim_set_option_value(name, value, { scope = "local", win = win })
end

--- No dots behind a fold's text, unless the user chose a character for that.
local function plain_fill(win)
  local fill = vim.wo[win].fillchars
  if not fill:find("fold:", 1, true) then
    set_local(win, "fillchars", (fill == "" and "" or fill .. ",") .. "fold: ")
  end
end

---@param buf integer
---@return integer
local function foldlevel(buf)
  local settings = require("flemma.settings")
  local level = settings.of(buf, "editing", "foldlevel")
  local usable = type(level) == "number" and level >= 0 and level % 1 == 0
  return usable and level or settings.defaults.editing.foldlevel
end

--- Columns and colours, which a chat may have of its own.
local function colour(win, buf)
  local turns = require("flemma.ui.turns")
  local column = vim.wo[win].statuscolumn
  local wanted = turns.statuscolumn(buf, vim.startswith(column, turns.EXPR) and vim.go.statuscolumn or column)
  if wanted ~= column then
    set_local(win, "statuscolumn", wanted)
  end
  local given = vim.wo[win].winhighlight
  local groups = require("flemma.ui.highlights").winhighlight(buf, given)
  if groups ~= given then
    set_local(win, "winhighlight", groups)
  end
end

--- Set a window up that shows a chat, once: what the user changes there stays.
---@param win integer
function M.dress(win)
  local buf, folds = api.nvim_win_get_buf(win), require("flemma.ui.folds")
  if vim.w[win].flemma_dressed == buf then
    return
  end
  vim.w[win].flemma_dressed = buf
  -- A split has the options of the window it came from, and nobody's variables.
  if vim.wo[win].foldexpr == folds.EXPR then
    return
  end
  plain_fill(win)
  require("flemma.ui.conceal").dress(win, buf)
  colour(win, buf)
  -- A message is prose of long lines: they break between words.
  set_local(win, "linebreak", true)
  if vim.wo[win].diff then
    return
  end
  set_local(win, "foldexpr", folds.EXPR)
  set_local(win, "foldtext", folds.TEXT)
  set_local(win, "foldlevel", foldlevel(buf))
  set_local(win, "foldmethod", "expr")
  require("flemma.ui.autoclose").opened(buf, win)
end

local function dress_current(event)
  if require("flemma.ui.outline").of(event.buf) then
    local win = api.nvim_get_current_win()
    if api.nvim_win_get_buf(win) == event.buf then
      M.dress(win)
    end
  end
end

--- A shorter 'updatetime' while the cursor is in a chat. It is a global option: it is given back on leaving.
local function manage_updatetime()
  local chat = require("flemma.ui.outline").of(api.nvim_get_current_buf()) ~= nil
  if chat and not updatetime and require("flemma.settings").get("editing", "manage_updatetime") then
    if vim.o.updatetime > UPDATETIME then
      updatetime = vim.o.updatetime
      vim.o.updatetime = UPDATETIME
    end
  elseif not chat and updatetime then
    -- Somebody else may have set it meanwhile: then it is theirs.
    if vim.o.updatetime == UPDATETIME then
      vim.o.updatetime = updatetime
    end
    updatetime = nil
  end
end

--- Autocommands that serve all chats, made with the first one.
local function watch_editor()
  if group then
    return
  end
  group = api.nvim_create_augroup("flemma.ui", {})
  local function on(events, callback, pattern)
    api.nvim_create_autocmd(events, { group = group, pattern = pattern, callback = callback })
  end
  on({ "BufWinEnter", "WinEnter" }, dress_current)
  on({ "BufEnter", "WinEnter" }, manage_updatetime)
  on("InsertLeave", function()
    require("flemma.ui.folds").resume()
  end)
  local function recolour()
    require("flemma.ui.highlights").define()
  end
  -- VimEnter: while Neovim starts, a change of 'background' is told to nobody.
  on({ "ColorScheme", "VimEnter" }, recolour)
  on("OptionSet", recolour, "background")
  require("flemma.ui.highlights").define()
  require("flemma.ui.decoration").install()
  if require("flemma.settings").get("ui", "attention", "bell") == true then
    require("flemma.attention").watch()
  end
end

local function redraw()
  vim.cmd.redraw({ bang = true, mods = { silent = true } })
end

--- Settings were given anew.
function M.settings_changed()
  if group then
    require("flemma.ui.highlights").define()
    require("flemma.ui.signs").anew()
    for _, win in ipairs(api.nvim_list_wins()) do
      if vim.w[win].flemma_dressed == api.nvim_win_get_buf(win) then
        colour(win, api.nvim_win_get_buf(win))
      end
    end
    redraw()
  end
end

--- What a chat's frontmatter says of its looks has changed, as the host found it.
---@param buf integer
---@param values table
function M.own_changed(buf, values)
  if not require("flemma.ui.outline").of(buf) then
    return
  end
  local settings = require("flemma.settings")
  local concealed, level = settings.of(buf, "editing", "conceal"), foldlevel(buf)
  settings.set_own(buf, values)
  require("flemma.ui.highlights").own_changed(buf)
  require("flemma.ui.signs").anew()
  for _, win in ipairs(vim.fn.win_findbuf(buf)) do
    colour(win, buf)
    if settings.of(buf, "editing", "conceal") ~= concealed then
      require("flemma.ui.conceal").dress(win, buf)
    end
    if foldlevel(buf) ~= level and require("flemma.ui.folds").is_ours(win) then
      set_local(win, "foldlevel", foldlevel(buf))
    end
  end
  redraw()
end

---@param buf integer
function M.attach(buf)
  local folds = require("flemma.ui.folds")
  require("flemma.ui.outline").attach(buf, function(change, shifted)
    folds.changed(buf, change, shifted)
    if change.border then
      -- Lines look other than before that nobody has touched.
      vim.schedule(redraw)
    end
  end)
  watch_editor()
  for _, win in ipairs(vim.fn.win_findbuf(buf)) do
    M.dress(win)
  end
  manage_updatetime()
end

---@param buf integer
function M.detach(buf)
  require("flemma.ui.outline").detach(buf)
  for _, room in ipairs({ "folds", "signs", "turns", "highlights" }) do
    require("flemma.ui." .. room).forget(buf)
  end
  require("flemma.settings").set_own(buf, nil)
  for _, win in ipairs(vim.fn.win_findbuf(buf)) do
    vim.w[win].flemma_dressed = nil
    api.nvim_win_call(win, function()
      vim.cmd.setlocal(OPTIONS)
      -- The folds of a diff are not ours.
      if not vim.wo.diff then
        vim.cmd.setlocal(FOLD_OPTIONS)
      end
    end)
  end
  manage_updatetime()
end

return M
