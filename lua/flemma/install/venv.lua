--- Flemma's own Python environments: where they are, which one counts, and how a new one takes its place.
---
--- Each install makes a folder of its own below `venvs/`; only when it is whole is the link `venv` turned to it, in one
--- step. So a half-made one is never used, two Neovims that install at once do not meet, and a host that still runs on
--- the environment before keeps its files.

local M = {}

local uv = vim.uv

---@class (exact) flemma.Stamp what an environment knows of its making; written last
---@field lock string SHA-256 of the requirements.lock that it was made from
---@field python string version of its Python
---@field base string the Python it was made with
---@field tool string what put the packages in: "uv" or "pip"

---@alias flemma.PythonKind "chosen"|"checkout"|"own"|"found"

local STAMP = "flemma.json"

---@param ... string
---@return string
local function below(...)
  return vim.fs.joinpath(vim.fn.stdpath("data"), "flemma", ...)
end

---@param path string
---@return string?
local function read(path)
  local file = io.open(path, "rb")
  if not file then
    return nil
  end
  local text = file:read("*a")
  file:close()
  return text
end

--- The Python of an environment.
---@param folder string
---@return string
function M.python(folder)
  return vim.fs.joinpath(folder, vim.fn.has("win32") == 1 and "Scripts/python.exe" or "bin/python")
end

---@return string
function M.lock_file()
  return vim.fs.joinpath(require("flemma").root(), "requirements.lock")
end

--- SHA-256 of the lock of this version of Flemma.
---@return string
function M.fingerprint()
  local text = (read(M.lock_file()) or ""):gsub("\r\n", "\n")
  return vim.fn.sha256(text)
end

--- The environment that counts, or nil where there is none whose Python is there.
---@return { folder: string, python: string, stamp: flemma.Stamp? }?
function M.current()
  -- The folder behind the link: a host that is running must not find another one's modules under its feet.
  local folder = uv.fs_realpath(below("venv"))
  if not folder or vim.fn.executable(M.python(folder)) == 0 then
    return nil
  end
  local ok, stamp = pcall(vim.json.decode, read(vim.fs.joinpath(folder, STAMP)) or "")
  return { folder = folder, python = M.python(folder), stamp = ok and type(stamp) == "table" and stamp or nil }
end

--- Was the environment made from another lock than this version of Flemma has?
---@return boolean
function M.is_stale()
  local current = M.current()
  return current ~= nil and (not current.stamp or current.stamp.lock ~= M.fingerprint())
end

--- What the user named in `vim.g.flemma_python`.
---@return string?
function M.chosen()
  local chosen = vim.g.flemma_python
  return type(chosen) == "string" and chosen ~= "" and vim.fn.expand(chosen) or nil
end

--- The Python that the host runs on: the user's choice (or what was made with it), our own environment, a developer's
--- .venv in the checkout, else whatever python3 is.
---@return string python
---@return flemma.PythonKind kind
function M.choose()
  local chosen, current = M.chosen(), M.current()
  if chosen then
    if current and current.stamp and current.stamp.base == chosen then
      return current.python, "own"
    end
    return chosen, "chosen"
  end
  if current then
    return current.python, "own"
  end
  local checkout = M.python(vim.fs.joinpath(require("flemma").root(), ".venv"))
  if vim.fn.executable(checkout) == 1 then
    return checkout, "checkout"
  end
  return "python3", "found"
end

--- A new folder to make an environment in. The Neovim that makes it is in its name, so that others leave it alone.
---@return string
function M.new_folder()
  vim.fn.mkdir(below("venvs"), "p")
  return below("venvs", ("%s-%d-%d"):format(M.fingerprint():sub(1, 8), uv.os_getpid(), uv.hrtime() / 1e6))
end

--- Write the stamp and turn the link. From now on this environment counts. Raises the file system's message.
---@param folder string
---@param stamp flemma.Stamp
function M.put_in_place(folder, stamp)
  local file = assert(io.open(vim.fs.joinpath(folder, STAMP), "wb"))
  assert(file:write(vim.json.encode(stamp)))
  assert(file:close())
  local link, new = below("venv"), folder .. ".link"
  assert(uv.fs_symlink(folder, new, { junction = true }))
  local there = uv.fs_lstat(link)
  if there and (there.type == "directory" or vim.fn.has("win32") == 1) then
    -- One that somebody made by hand, or a system that renames over no link: it is kept until the next install.
    assert(uv.fs_rename(link, folder .. ".before"))
  end
  assert(uv.fs_rename(new, link))
end

local function is_alive(pid)
  return pid ~= nil and uv.kill(pid, 0) == 0
end

--- Remove what no Neovim uses: all but the current environment, the one before it, and those of Neovims that run.
---@param before string? the folder that counted before
function M.clean(before)
  local current = uv.fs_realpath(below("venv"))
  for name in vim.fs.dir(below("venvs")) do
    local path = below("venvs", name)
    local pid = tonumber(name:match("^%x+%-(%d+)%-"))
    if path ~= before and path ~= current and uv.fs_realpath(path) ~= current and not is_alive(pid) then
      M.remove(path)
    end
  end
end

--- Remove a folder that we made, as it is or half-made.
---@param path string
function M.remove(path)
  local there = uv.fs_lstat(path)
  if there and there.type == "link" then
    uv.fs_unlink(path)
  elseif there then
    -- In a process of its own: thousands of files would keep the editor busy.
    local command = vim.fn.has("win32") == 1 and { "cmd", "/c", "rmdir", "/s", "/q", path } or { "rm", "-rf", path }
    pcall(vim.system, command, { detach = true })
  end
end

return M
