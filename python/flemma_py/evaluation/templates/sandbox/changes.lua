-- Has an evaluation changed what later ones see? All that variables lead to is compared with what it was: tables by
-- their fields, functions by what they hold on to.

local S = ...

local getinfo, getupvalue, next, rawequal, type = debug.getinfo, debug.getupvalue, next, rawequal, type

local NOTHING = {} -- stands for nil
local PATIENCE = 20000
local shadows, looked_at = {}, nil

--- Go through all that `root` leads to; `visit(object, key, value)` false stops it.
local function walk(root, visit)
  local seen, queue, n, steps = { [root] = true }, { root }, 1, 0
  local function meet(owner, key, value)
    steps = steps + 1
    local kind = type(value)
    if (kind == "table" or kind == "function") and not seen[value] then
      seen[value] = true
      n = n + 1
      queue[n] = value
    end
    return steps < PATIENCE and visit(owner, key, value)
  end
  local at = 0
  while at < n do
    at = at + 1
    local object = queue[at]
    if type(object) == "table" then
      visit(object)
      for key, value in next, object do
        if not meet(object, key, value) then
          return false
        end
      end
    else
      local info = getinfo(object, "S")
      if info.what ~= "C" and info.source ~= "=sandbox" then
        visit(object)
        for i = 1, 200 do
          local name, value = getupvalue(object, i)
          if not name then
            break
          end
          if not meet(object, i, value) then
            return false
          end
        end
      end
    end
  end
  return true
end

--- Remember what `store` looks like; false if that is more than one should look at.
function S.remember(store)
  local shadow = {}
  local all = walk(store, function(owner, key, value)
    local mine = shadow[owner]
    if not mine then
      mine = { n = 0, fields = {} }
      shadow[owner] = mine
    end
    if key ~= nil then
      mine.n = mine.n + 1
      mine.fields[key] = value == nil and NOTHING or value
    end
    return true
  end)
  looked_at = all and store or nil
  shadows = all and shadow or {}
  return all
end

function S.is_changed(store)
  if looked_at ~= store then
    return true
  end
  local counts = {}
  local same = walk(store, function(owner, key, value)
    local mine = shadows[owner]
    if not mine then
      return false
    end
    if key == nil then
      counts[owner] = 0
      return true
    end
    counts[owner] = counts[owner] + 1
    if value == nil then
      value = NOTHING
    end
    return rawequal(mine.fields[key], value)
  end)
  if not same then
    return true
  end
  for owner, count in next, counts do
    if shadows[owner].n ~= count then
      return true
    end
  end
  return false
end
