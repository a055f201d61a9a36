-- What Python calls: environments by number, frontmatter, programs of texts, expressions and code.

local S = ...

local concat, match, next, pcall, randomseed = table.concat, string.match, next, pcall, math.randomseed
local error, select, setfenv, type = error, select, setfenv, type

local api = {}
local environments = {} -- by their numbers

function api.environment(...)
  environments[#environments + 1] = S.environment(...)
  return #environments
end

--- A strict environment with the variables of another one.
function api.share(number, file, filename, dirname)
  return api.environment(file, filename, dirname, environments[number].store, true, false)
end

function api.names(number)
  local keys = S.ordered_keys(environments[number].store)
  return keys
end

function api.store(number)
  return environments[number].store
end

function api.remember(number)
  return S.remember(environments[number].store)
end

function api.is_changed(number)
  return S.is_changed(environments[number].store)
end

--- A message begins.
function api.begin(seed)
  randomseed(seed)
  S.forget_copies()
end

api.bring, api.bring_later, api.function_of_module = S.bring, S.bring_later, S.function_of_module

--- Whether `code` is an expression: its source as it can be compiled, or nil and what is wrong.
function api.expression(code)
  local source = "return (" .. code .. "\n)"
  if S.load(source, "=check") then
    return "(" .. code .. "\n)"
  end
  local fault = select(2, S.load("return " .. code .. "\n", "=check"))
  if match(code, "^%s*return%f[%W]") and S.load(code, "=check") then
    return "(function() " .. code .. "\n end)()"
  end
  return nil, fault
end

--- Run the frontmatter. `nil`, or a description of what went wrong.
function api.frontmatter(source, number)
  local env = environments[number]
  local program, fault = S.load(source, "=Frontmatter")
  if not program then
    return fault
  end
  setfenv(program, env.proxy)
  local good, result = pcall(program)
  if not good then
    return S.described(result)
  end
  for name in next, env.store do
    -- A library that the frontmatter replaced is its own affair; it has the last word on what modules bring.
    if (S.common[name] ~= nil and not S.brought[name]) or env.own[name] ~= nil or type(name) ~= "string" then
      env.store[name] = nil
    end
  end
  if type(result) == "table" and not S.is_setting(result) then
    for name, value in next, result do
      if type(name) == "string" and name ~= "flemma" then
        env.store[name] = value
      end
    end
  end
end

--- The text of one expression whose names are those of `store`; or nil and what went wrong.
function api.evaluate(source, file, filename, dirname, store)
  local compute = S.load("return " .. source, "=Elsewhere")
  setfenv(compute, S.environment(file, filename, dirname, store, true, false).proxy)
  local good, value = pcall(compute)
  if good then
    good, value = pcall(S.show, value)
  end
  if good then
    return value
  end
  return nil, S.described(value)
end

--- Run a program of texts, expressions and code. Gives the outcome ("done" or "failed"), the text, the failures of
--- expressions as a list { piece, message, chunk, line, detail, undefined }, and if it failed what went wrong.
function api.render(source, chunk, number, texts)
  local program, fault = S.load(source, "=" .. chunk)
  if not program then
    return "failed", "", {}, fault
  end
  setfenv(program, environments[number].proxy)
  local failures, failed = {}, {}
  local outer, mine = S.out, { n = 0 }
  S.out = mine
  local function put(text)
    if type(text) ~= "string" then
      error("that is no piece of this message", 0) -- the program's own names are in the chat's reach, too
    end
    mine.n = mine.n + 1
    mine[mine.n] = text
  end
  local function text(i)
    put(texts[i])
  end
  local function expression(i, compute)
    local good, value = pcall(compute)
    if good then
      good, value = pcall(S.show, value)
    end
    if good then
      return put(value)
    end
    put(texts[i])
    if not failed[i] and type(i) == "number" then
      failed[i] = true
      failures[#failures + 1] = { i, S.described(value) }
    end
  end
  local store = environments[number].store
  local function elsewhere(i, ...)
    local known = {}
    for k = 1, select("#", ...) / 2 do
      local name, compute = select(2 * k - 1, ...)
      local good, value = pcall(compute)
      if good and not S.is_known_to_all(store, name, value) then
        known[k] = value
      end
    end
    expression(i, function()
      return (S.ask("elsewhere", i, known))
    end)
  end
  local good, problem = pcall(program, text, expression, elsewhere)
  S.out = outer
  local length = 0
  for i = 1, mine.n do
    length = length + #mine[i]
    if length > S.longest then
      return "failed", "", {}, "the text is longer than " .. S.longest .. " bytes"
    end
  end
  if good then
    return "done", concat(mine, "", 1, mine.n), failures
  end
  return "failed", "", failures, S.described(problem)
end

return api
