--- Beside the result block of each call that runs: its name, how long it has run, and how much time it still has.

local api = vim.api

local M = {}

local ns = api.nvim_create_namespace("flemma.running")

--- Rows (0-based) of the result blocks of these calls; a block stands near the end of what has been written.
---@param buf integer
---@param ids table<string, boolean>
---@return table<string, integer>
local function rows(buf, ids)
  local outline, found, missing = require("flemma.ui.outline").of(buf), {}, vim.tbl_count(ids)
  local nodes = outline and outline.nodes or {}
  for line = #nodes, 1, -1 do
    local node = nodes[line]
    if node.kind == "tool_result" and ids[node.id] and not found[node.id] and nodes[line - 1] ~= node then
      found[node.id] = line - 1
      missing = missing - 1
      if missing == 0 then
        break
      end
    end
  end
  return found
end

--- Where each block was found: looked for again when the text has changed.
---@type table<integer, { tick: integer, count: integer, rows: table<string, integer> }>
local placed = {}

local function places(buf, calls)
  local tick, known = api.nvim_buf_get_changedtick(buf), placed[buf]
  if not known or known.tick ~= tick or known.count ~= #calls then
    local ids = {}
    for _, call in ipairs(calls) do
      ids[call.id] = true
    end
    known = { tick = tick, count = #calls, rows = rows(buf, ids) }
    placed[buf] = known
  end
  return known.rows
end

--- Draw the marks of a chat's calls. False where none of them runs, or nobody wants to see it.
---@param buf integer
---@param frame integer
---@return boolean
function M.draw(buf, frame)
  local calls = require("flemma.running").list(buf)
  if #calls == 0 then
    M.clear(buf)
    return false
  end
  if require("flemma.settings").of(buf, "tools", "show_spinner") == false then
    return true
  end
  local activities, at, now = require("flemma.ui.activity"), places(buf, calls), vim.uv.now()
  api.nvim_buf_clear_namespace(buf, ns, 0, -1)
  for _, call in ipairs(calls) do
    local row = at[call.id]
    if row then
      local chunks = { { " " .. activities.frame("running", frame) .. " ", "FlemmaBusy" } }
      if call.waiting then
        vim.list_extend(chunks, { { call.name, "FlemmaProgressName" }, { " · waits its turn", "FlemmaProgress" } })
      else
        ---@type flemma.Activity
        local activity = {
          phase = "running",
          characters = 0,
          tool = call.name,
          since = call.begun or call.since,
          heard = call.begun or call.since,
          timeout = call.timeout,
        }
        vim.list_extend(chunks, activities.chunks(activity, now))
      end
      api.nvim_buf_set_extmark(buf, ns, row, 0, { virt_text = chunks, virt_text_pos = "eol", hl_mode = "combine" })
    end
  end
  return next(at) ~= nil
end

---@param buf integer
function M.clear(buf)
  placed[buf] = nil
  if api.nvim_buf_is_loaded(buf) then
    api.nvim_buf_clear_namespace(buf, ns, 0, -1)
  end
end

return M
