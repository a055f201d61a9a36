--- What an installer's output means, as a sentence that says what to do.

local M = {}

---@type { patterns: string[], sentence: string }[] first that fits
local MEANINGS = {
  {
    patterns = { "DO NOT MATCH THE HASHES", "[Hh]ash mismatch" },
    sentence = "a package is not the one that requirements.lock names (its hash differs): try another network "
      .. "or index, then :Flemma install",
  },
  {
    patterns = { "[Nn]o space left", "ENOSPC", "[Dd]isk quota" },
    sentence = "the disk is full: make room, then :Flemma install",
  },
  {
    patterns = { "Connection", "connection", "resolve", "dns error", "error sending request", "timed out", "[Pp]roxy" },
    sentence = "no package index can be reached: with a network (a proxy goes into HTTPS_PROXY, a mirror into "
      .. "PIP_INDEX_URL or UV_DEFAULT_INDEX) run :Flemma install again",
  },
  {
    patterns = { "CERTIFICATE_VERIFY_FAILED", "invalid peer certificate" },
    sentence = "the package index's certificate is not trusted here: name your network's CA file in "
      .. "SSL_CERT_FILE and PIP_CERT, then :Flemma install",
  },
  {
    patterns = { "No matching distribution", "no version of", "No solution found" },
    sentence = "the package index has no packages for this Python: name another with vim.g.flemma_python, then "
      .. ":Flemma install",
  },
  {
    patterns = { "Permission denied", "[Rr]ead%-only file system" },
    sentence = "stdpath('data') cannot be written: give yourself the right to, then :Flemma install",
  },
  {
    patterns = { "ensurepip" },
    sentence = "this Python cannot make environments: run `apt install python3-venv` (Debian, Ubuntu) or "
      .. "install uv, then :Flemma install",
  },
}

---@param output string
---@return string
local function last_line(output)
  local lines = vim.split(vim.trim(output), "\n")
  return vim.trim(lines[#lines]):sub(1, 160)
end

---@param output string of the program that failed
---@return string
function M.read(output)
  for _, meaning in ipairs(MEANINGS) do
    for _, pattern in ipairs(meaning.patterns) do
      if output:find(pattern) then
        return meaning.sentence
      end
    end
  end
  return ("%s; :Flemma install tries again"):format(last_line(output))
end

return M
