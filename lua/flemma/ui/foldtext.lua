--- The line that stands for a closed fold: what it is, a preview of what is in it, and how long it is.

local api = vim.api

local M = {}

local PREVIEW_LINES = 10
--- Lines that are looked at for a preview, however many of them are blank, and bytes of one.
local LOOKED_AT, LONGEST = 60, 4000

---@class (exact) flemma.Fold
---@field outline flemma.Outline
---@field node flemma.Node
---@field first integer 1-based
---@field last integer
---@field line fun(at: integer): string
---@field preview fun(pick: (fun(at: integer, line: string): string?), cells: integer): string
---@field shorten fun(text: string, cells: integer): string in one line, cut as a preview is

--- The beginning of `text` that fits into so many cells, whole characters only; `...` says that there was more.
---@param text string
---@param cells integer
---@return string
function M.shorten(text, cells)
  local width = vim.fn.strdisplaywidth
  if width(text) <= cells then
    return text
  end
  local count, room = 0, math.max(cells - 3, 0)
  local kept = ""
  while true do
    -- With its combining characters (the last argument), so that none is torn off.
    local longer = vim.fn.strcharpart(text, 0, count + 1, true)
    if longer == kept or width(longer) > room then
      return kept:gsub("%s+$", "") .. "..."
    end
    kept, count = longer, count + 1
  end
end

---@param win integer
local function text_width(win)
  local info = vim.fn.getwininfo(win)[1]
  return math.max(info.width - info.textoff, 10)
end

--- In one line; of more than any preview can show only the beginning, as the rest need not be measured.
---@param text string
---@return string
local function flat(text)
  if #text > LONGEST then
    text = text:sub(1, LONGEST + vim.str_utf_end(text, LONGEST))
  end
  text = vim.trim((text:gsub("%s+", " ")))
  return #text > 1200 and vim.fn.strcharpart(text, 0, 300, true) or text
end

local function preview_of(fold, room)
  return function(pick, cells)
    local parts = {}
    for at = fold.first, math.min(fold.last, fold.first + LOOKED_AT) do
      local picked = pick(at, fold.line(at))
      picked = picked and flat(picked)
      if picked and picked ~= "" then
        parts[#parts + 1] = picked
      end
      if #parts == PREVIEW_LINES then
        break
      end
    end
    return M.shorten(table.concat(parts, " ⤶ "), math.max(math.min(cells, room), 4))
  end
end

--- The text of the fold [first, last] of a window.
---@param outline flemma.Outline
---@param first integer 1-based
---@param last integer
---@param win integer
---@return [string, string][]
function M.chunks(outline, first, last, win)
  local node = outline.nodes[first]
  if node ~= node.message and vim.v.foldlevel == 1 then
    node = node.message or node
  end
  local lines = api.nvim_buf_get_lines(outline.buf, first - 1, math.min(last, first + LOOKED_AT), false)
  local size = last == first and " (1 line)" or (" (%d lines)"):format(last - first + 1)
  ---@type flemma.Fold
  local fold = { outline = outline, node = node, first = first, last = last }
  function fold.line(at)
    return lines[at - first + 1] or ""
  end
  -- What stands around the preview: tags, names, the number of lines.
  local room = text_width(win) - #size - 26
  fold.preview = preview_of(fold, room)
  function fold.shorten(text, cells)
    return M.shorten(flat(text), math.max(math.min(cells, room), 4))
  end
  local chunks = require("flemma.ui.fold_kinds." .. node.kind).text(fold)
  chunks[#chunks + 1] = { size, "FlemmaFoldMeta" }
  return chunks
end

--- 'foldtext' of a chat.
---@return [string, string][]|string
function M.text()
  local win = api.nvim_get_current_win()
  local outline = require("flemma.ui.outline").of(api.nvim_get_current_buf())
  local ok, chunks = pcall(M.chunks, outline, vim.v.foldstart, vim.v.foldend, win)
  return ok and chunks or vim.fn.foldtext()
end

return M
