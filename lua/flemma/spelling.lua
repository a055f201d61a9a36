--- Which word was meant.

local M = {}

--- Edits at most between what was typed and what may have been meant.
local FAR = 3

---@param word string
---@param name string
---@return integer edits from the one to the other
local function distance(word, name)
  local row = {}
  for j = 0, #name do
    row[j] = j
  end
  for i = 1, #word do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #name do
      local cost = word:sub(i, i) == name:sub(j, j) and 0 or 1
      diagonal, row[j] = row[j], math.min(row[j] + 1, row[j - 1] + 1, diagonal + cost)
    end
  end
  return row[#name]
end

--- The name that is nearest, if it is near at all; of equals the first.
---@param word string
---@param names string[]
---@return string?
function M.nearest(word, names)
  local best, least = nil, FAR + 1
  for _, name in ipairs(names) do
    local edits = distance(word, name)
    if edits < least then
      best, least = name, edits
    end
  end
  return best
end

return M
