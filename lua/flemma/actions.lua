--- What a key or a command does, for the buffer it is pressed in.

local M = {}

local function current()
  return vim.api.nvim_get_current_buf()
end

local function chats()
  return require("flemma.buffer")
end

--- The send key: run the tool calls that are pending, or send.
function M.send()
  chats().submit(current(), { mode = "hybrid" })
end

--- The send key in insert mode, which is entered again when the answer is there.
function M.send_from_insert()
  chats().submit(current(), { mode = "hybrid", insert = true })
end

--- Send the conversation as it is, with no look at pending tool calls.
---@param opts? { on_request_start?: string|fun(), on_request_complete?: string|fun() }
function M.send_only(opts)
  opts = opts or {}
  local start = opts.on_request_start
  if start then
    local ok, problem = pcall(function()
      if type(start) == "function" then
        start()
      else
        vim.cmd(start)
      end
    end)
    if not ok then
      require("flemma.notify").error("on_request_start failed: " .. tostring(problem))
      return
    end
  end
  chats().submit(current(), { mode = "send", on_complete = opts.on_request_complete })
end

function M.cancel()
  chats().cancel(current())
end

--- Run the tool call at or near the cursor.
function M.execute_at_cursor()
  chats().submit(current(), { mode = "execute", line = vim.api.nvim_win_get_cursor(0)[1] - 1 })
end

---@param mode "approve"|"reject"
---@param text? string
local function judge(mode, text)
  chats().submit(current(), { mode = mode, line = vim.api.nvim_win_get_cursor(0)[1] - 1, text = text })
end

--- Approve the call at the cursor, which the send key then runs.
function M.approve_at_cursor()
  judge("approve")
end

--- Reject the call at the cursor.
---@param message? string what the model is told
function M.reject_at_cursor(message)
  judge("reject", message ~= "" and message or nil)
end

--- Show what a send would send now, in a page of its own.
function M.preview()
  local buf = current()
  if not chats().is_chat(buf) then
    return require("flemma.notify").warn("this buffer is not a chat: there is nothing to preview")
  end
  require("flemma.buffer.watch").flush(buf)
  if not require("flemma.host").send("preview", { buf = buf }) then
    require("flemma.notify").error("The Python host is not there, see :checkhealth flemma.")
  end
end

--- Have a summary put in place of what was said: requests start there, and what it sums up stays above.
---@param words? string what the user says of the summary
---@param buf? integer default: the current buffer
function M.checkpoint(words, buf)
  chats().submit(buf or current(), { mode = "checkpoint", text = words ~= "" and words or nil })
end

--- Write old-form role markers (`@You: text`) as lines of their own, as one undo step.
function M.format()
  chats().submit(current(), { mode = "format" })
end

return M
