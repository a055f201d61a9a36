--- What is said in sessions, as plain text: from `content.txt` beside each journal, which the host keeps; where that is
--- not up to date, from the journal itself.

local M = {}

local SEARCHED = { user = true, assistant = true }

---@param one uv.fs_stat.result.time
---@param other uv.fs_stat.result.time
local function is_older(one, other)
  return one.sec < other.sec or (one.sec == other.sec and one.nsec < other.nsec)
end

--- A message's text: in its record, or in a file that the record names.
---@param id string
---@param data table
---@return string?
local function said(id, data)
  if type(data.text) == "string" then
    return data.text
  elseif type(data.blob) == "string" and #data.blob == 64 and data.blob:find("^%x+$") then
    return require("flemma.session.files").read(require("flemma.session.files").path(id, "blobs/" .. data.blob))
  end
end

--- Take away what a rewind cut.
---@param live string[] ids, in order
---@param to any the id that stays last; `vim.NIL`: nothing stays
local function cut(live, to)
  local last = to == vim.NIL and 0 or nil
  for at, mid in ipairs(live) do
    last = mid == to and at or last
  end
  for at = #live, (last or #live) + 1, -1 do
    live[at] = nil
  end
end

--- The text as the journal has it. What cannot be read of it is passed over.
---@param id string
---@param journal string
---@return string
local function from_journal(id, journal)
  local messages, live = {}, {}
  for line in journal:gmatch("[^\n]+") do
    if line:find('"type":"message"', 1, true) or line:find('"type":"rewind"', 1, true) then
      local ok, record = pcall(vim.json.decode, line)
      local data = ok and type(record) == "table" and type(record.d) == "table" and record.d or {}
      if type(data.mid) == "string" and record.type == "message" then
        if data.again ~= true or not messages[data.mid] then
          messages[data.mid] = data
        end
        if not vim.list_contains(live, data.mid) then
          live[#live + 1] = data.mid
        end
      elseif data.to_mid ~= nil and record.type == "rewind" then
        cut(live, data.to_mid)
      end
    end
  end
  local texts = {}
  for _, mid in ipairs(live) do
    local text = SEARCHED[messages[mid].role] and said(id, messages[mid]) or ""
    texts[#texts + 1] = text ~= "" and text or nil
  end
  return table.concat(texts, "\n")
end

--- nil: there is no such session.
---@param id string
---@return string?
function M.text(id)
  local files = require("flemma.session.files")
  if not files.is_id(id) then
    return nil
  end
  local path = files.path(id, "journal.jsonl")
  local journal = vim.uv.fs_stat(path)
  if not journal then
    return nil
  end
  local content = vim.uv.fs_stat(files.path(id, "content.txt"))
  local kept = content and not is_older(content.mtime, journal.mtime) and files.read(files.path(id, "content.txt"))
  if kept then
    return kept
  end
  local lines = files.read(path)
  return lines and from_journal(id, lines)
end

---@param ids string[]
---@return table<string, string>
local function here(ids)
  local found = {}
  for _, id in ipairs(ids) do
    found[id] = M.text(id)
  end
  return found
end

---@param ids string[]
---@param callback? fun(texts: table<string, string>)
---@return table<string, string>?
function M.texts(ids, callback)
  if not callback then
    return here(ids)
  end
  local why = require("flemma.session.questions").ask("texts", { ids = ids }, function(found)
    callback(found or here(ids))
  end)
  if why then
    vim.schedule(function()
      callback(here(ids))
    end)
  end
end

return M
