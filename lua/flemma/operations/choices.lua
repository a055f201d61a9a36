--- What is asked before something is done: which turn, which words, and whether it is meant.

local api = vim.api

local M = {}

local NO_TURNS = "nothing has been said in this chat yet"

---@param prompt string
---@param yes string
---@param go fun()
local function agree(prompt, yes, go)
  vim.ui.select({ yes, "Leave it as it is" }, { prompt = prompt, kind = "flemma_question" }, function(_, index)
    if index == 1 then
      go()
    end
  end)
end

---@param turns flemma.ChatTurn[] the latest is shown first
---@param prompt string
---@param go fun(turn: flemma.ChatTurn)
local function pick(turns, prompt, go)
  local latest = vim.iter(turns):rev():totable()
  vim.ui.select(latest, {
    prompt = prompt,
    kind = "flemma_turn",
    format_item = function(turn)
      return ("%d  %s"):format(turn.number, turn.label)
    end,
  }, function(turn)
    if turn then
      go(turn)
    end
  end)
end

---@return flemma.ChatTurn[]? turns nil, and said, where there are none
local function turns_here()
  local buf = api.nvim_get_current_buf()
  if not require("flemma.buffer").is_chat(buf) then
    require("flemma.notify").warn("this buffer is not a chat")
    return nil
  end
  local turns = require("flemma.operations.turns").of(buf)
  if #turns == 0 then
    require("flemma.notify").info(NO_TURNS)
    return nil
  end
  return turns
end

--- Ask which words are to be found, if none are given.
---@param query string
function M.search(query)
  if vim.trim(query) ~= "" then
    require("flemma.operations").send("search", { query = query })
    return
  end
  vim.ui.input({ prompt = "Sessions that say: " }, function(given)
    if given and vim.trim(given) ~= "" then
      require("flemma.operations").send("search", { query = given })
    end
  end)
end

--- Let a turn be chosen, and go there.
function M.turns()
  local turns, buf = turns_here(), api.nvim_get_current_buf()
  if not turns then
    return
  end
  pick(turns, "Go to", function(turn)
    local win = vim.fn.bufwinid(buf)
    if win > 0 then
      api.nvim_set_current_win(win)
      vim.cmd.normal({ "m'", bang = true })
      api.nvim_win_set_cursor(win, { math.min(turn.line, api.nvim_buf_line_count(buf)), 0 })
      vim.cmd.normal({ "zv", bang = true })
    end
  end)
end

--- The turn that a word means: its number, or counted from the end below nought. Nil: none.
---@param turns flemma.ChatTurn[]
---@param word string
---@return flemma.ChatTurn?
local function turn_named(turns, word)
  local number = tonumber(word)
  if not number then
    return nil
  end
  return turns[number < 0 and #turns + 1 + number or number]
end

--- Ask whether it is meant, and whether files go back as well where tools changed any; then go back.
---@param buf integer
---@param turn flemma.ChatTurn? nil: before all that was said
---@param sure boolean
local function go_back(buf, turn, sure)
  local tick = api.nvim_buf_get_changedtick(buf)
  local function go()
    if tick ~= api.nvim_buf_get_changedtick(buf) then
      return require("flemma.notify").warn("the chat was changed meanwhile, so nothing was cut")
    end
    require("flemma.operations").rewind(buf, { line = turn and turn.line })
  end
  if sure then
    return go()
  end
  local what = turn and ("what follows “%s”"):format(turn.label) or "all that was said"
  require("flemma.rewind").offer(buf, turn and turn.line or 1, go, function()
    agree(("Cut %s? Undo brings it back."):format(what), "Cut it", go)
  end)
end

--- Choose a turn by its number, below nought counted from the end, 0: before all, which is nil. Without a number it is
--- asked for.
---@param word string?
---@param prompt string
---@param go fun(turn: flemma.ChatTurn?)
local function choose(word, prompt, go)
  local turns = turns_here()
  if not turns then
    return
  end
  if not word then
    return pick(turns, prompt, go)
  end
  local turn = turn_named(turns, word)
  if not turn and word ~= "0" then
    local message = "there is no turn %s: this chat has turns 1 to %d, -1 is the last one, 0 goes before all"
    return require("flemma.notify").warn(message:format(word, #turns))
  end
  go(turn)
end

--- `:Flemma session:rewind [n]`: to the turn of that number, below nought counted from the end, 0: to before all.
--- Without a number it is asked for.
---@param word string?
---@param sure boolean
function M.rewind(word, sure)
  local buf = api.nvim_get_current_buf()
  choose(word, "Go back to", function(turn)
    go_back(buf, turn, sure)
  end)
end

--- `:Flemma session:restore [n]`: the same for files alone; `undo`: what that did is taken back.
---@param word string?
function M.restore(word)
  local buf = api.nvim_get_current_buf()
  if word == "undo" then
    return require("flemma.rewind").restore(buf, { undo = true })
  end
  choose(word, "Files as they were before", function(turn)
    require("flemma.rewind").restore(buf, { line = turn and turn.line or 1 })
  end)
end

--- Ask whether it is meant, and clear the chat.
---@param sure boolean
function M.reset(sure)
  local buf = api.nvim_get_current_buf()
  if sure or not require("flemma.buffer").is_chat(buf) then
    require("flemma.operations").reset(buf)
    return
  end
  agree("Clear this chat, with its frontmatter? Undo brings it back.", "Clear it", function()
    require("flemma.operations").reset(buf)
  end)
end

return M
