--- The words for what a chat is busy with, as `bash · 475 characters · 14s`, and how long that may still take.

local M = {}

--- What is shown until the model says something, and while it thinks.
M.WAITING = "Thinking..."

--- Parts of the time that a request or a call has, from which on it is told how much is left.
local SOON, LATE = 0.8, 0.9

---@type table<string, string[]> pictures by phase, ten a second
local FRAMES = {
  thinking = { "⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏" },
  streaming = { "⣾", "⣷", "⣯", "⣟", "⡿", "⢿", "⣻", "⣽" },
  tool = { "◐", "◐", "◓", "◓", "◑", "◑", "◒", "◒" },
}

---@class (exact) flemma.Activity
---@field label string? words of the host's, in place of all others
---@field phase "waiting"|"thinking"|"streaming"|"tool"|"running"|nil
---@field characters integer that came so far
---@field tool string? whose call is written, or which runs
---@field since number milliseconds of vim.uv.now()
---@field heard number the same, when the other side was last heard
---@field timeout number? seconds of silence that end a request, or that a call has

--- The picture of a moment.
---@param phase string?
---@param frame integer
---@return string
function M.frame(phase, frame)
  local frames = FRAMES[phase == "running" and "tool" or phase or "thinking"] or FRAMES.thinking
  return frames[frame % #frames + 1]
end

--- A whole number with commas.
---@param number integer
---@return string
local function commas(number)
  return (("%d"):format(number):reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", ""))
end

---@param milliseconds number
---@return string as `3s` or `1m 3s`
function M.elapsed(milliseconds)
  local seconds = math.floor(milliseconds / 1000)
  if seconds < 60 then
    return seconds .. "s"
  end
  return ("%dm %ds"):format(math.floor(seconds / 60), seconds % 60)
end

--- How much of the time is left, once that matters.
---@return string? text
---@return string? group
local function pressure(activity, now)
  local timeout = activity.timeout
  if not timeout or timeout <= 0 then
    return nil
  end
  local used = (now - activity.heard) / 1000
  if used < SOON * timeout then
    return nil
  end
  local left = math.max(math.ceil(timeout - used), 0)
  return ("timeout in %ds"):format(left), used < LATE * timeout and "FlemmaProgressSoon" or "FlemmaProgressLate"
end

---@param activity flemma.Activity
---@return string[] words between dots
local function words(activity)
  if activity.label then
    return { activity.label }
  end
  local count = ("%s character%s"):format(commas(activity.characters), activity.characters == 1 and "" or "s")
  if activity.phase == "waiting" then
    return { M.WAITING }
  elseif activity.phase == "thinking" then
    return { M.WAITING, count }
  elseif activity.phase == "running" then
    return {}
  end
  return { count }
end

--- All of it, as chunks of virtual text without a picture.
---@param activity flemma.Activity
---@param now number
---@return [string, string][]
function M.chunks(activity, now)
  local chunks, base = {}, "FlemmaProgress"
  local function add(text, group)
    if #chunks > 0 then
      chunks[#chunks + 1] = { " · ", base }
    end
    chunks[#chunks + 1] = { text, group }
  end
  if activity.tool and activity.tool ~= "" and not activity.label then
    add(activity.tool, "FlemmaProgressName")
  end
  for _, word in ipairs(words(activity)) do
    add(word, base)
  end
  -- The first second is not worth a word.
  if not activity.label and now - activity.since >= 1000 then
    add(M.elapsed(now - activity.since), base)
  end
  local left, group = pressure(activity, now)
  if left then
    add(left, group)
  end
  return chunks
end

return M
