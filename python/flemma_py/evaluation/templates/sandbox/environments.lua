-- The world of one file's code: its own variables, its own `include`, and what all have.

local S = ...

local next, setmetatable, tostring, type = next, setmetatable, tostring, type

local function include(file, path, options)
  if type(path) ~= "string" then
    S.fail({ message = "include() wants a path, not a " .. type(path) })
  end
  if options ~= nil and type(options) ~= "table" then
    S.fail({ message = "the second argument of include() is a table, not a " .. type(options) })
  end
  local binary, mime, arguments = false, nil, {}
  for key, value in next, options or {} do
    if key == "binary" or key == S.BINARY then
      binary = value and true or false
    elseif key == "mime" or key == S.MIME then
      mime = S.tostring(value)
    elseif type(key) == "string" then
      arguments[key] = value
    end
  end
  local chunk, line = S.where("^=Program")
  if not chunk then
    chunk, line = S.where()
  end
  return S.ask("include", file, path, binary, mime, arguments, chunk, line)
end

--- A world for the code of one file: `store` holds its variables. Without `strict` an unknown name is nil.
function S.environment(file, filename, dirname, store, strict, with_settings)
  local ever = {}
  local own = {
    include = function(path, options)
      return include(file, path, options)
    end,
    __filename = filename,
    __dirname = dirname,
    flemma = with_settings and S.flemma or nil,
  }
  local known = { __filename = true, __dirname = true }
  local proxy = setmetatable({}, {
    __metatable = false,
    __index = function(_, name)
      local value = store[name]
      if value == nil and not ever[name] then
        value = own[name]
        if value == nil then
          value = S.known_to_all(store, name)
        end
        if value == nil and strict and not known[name] then
          S.fail({ message = "'" .. tostring(name) .. "' is not defined", undefined = tostring(name) })
        end
      end
      return value
    end,
    __newindex = function(_, name, value)
      ever[name] = true
      store[name] = value
    end,
  })
  return { proxy = proxy, store = store, own = own }
end
