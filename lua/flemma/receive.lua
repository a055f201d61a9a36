--- The only functions that the host calls. Each is a thin door to the room that does the work.

local M = {}

local doors = {}

--- The protocol exchange: the host says its number.
function doors.hello(payload)
  if require("flemma.host").is_ours(payload.channel) then
    require("flemma.host").answered(payload.protocol)
  end
end

--- May this host serve? Answered false to a second one.
function doors.claim(payload)
  return require("flemma.host").is_ours(payload.channel)
end

function doors.unavailable(payload)
  require("flemma.host").unavailable(payload.channel, payload.reason)
end

--- Write into a buffer. What belongs to an earlier send (`:e!` came in between) has no place any more.
function doors.apply(payload)
  if not require("flemma.buffer").is_current(payload.buf, payload.run) then
    return { gone = true }
  end
  return require("flemma.buffer.apply").apply(payload)
end

--- The whole text of a buffer whose mirror did not fit.
function doors.fetch(payload)
  if not vim.api.nvim_buf_is_loaded(payload.buf) then
    return { gone = true }
  end
  return require("flemma.buffer.watch").whole(payload.buf)
end

function doors.progress(payload)
  if require("flemma.buffer").is_current(payload.buf, payload.run) then
    require("flemma.ui.spinner").show(payload.buf, payload, payload.where or "marker")
  end
end

function doors.sending(payload)
  if require("flemma.buffer").is_current(payload.buf, payload.run) then
    require("flemma.buffer").sending(payload.buf, payload.timeout)
  end
end

--- Tool calls would run that nobody has seen.
function doors.reveal(payload)
  if require("flemma.buffer").is_current(payload.buf, payload.run) then
    require("flemma.reveal").show(payload)
  end
end

--- A request is over, and the chat goes on by itself.
function doors.over(payload)
  if require("flemma.buffer").is_current(payload.buf, payload.run) then
    require("flemma.buffer").over(payload.buf, payload.status)
  end
end

--- A request is over: what it used and at which prices.
function doors.usage(payload)
  local session = require("flemma.session").get()
  session:add_request(payload.request)
  require("flemma.buffer").used(payload.request)
  require("flemma.ui.usage").report(session:get_latest_request())
end

function doors.ended(payload)
  if not require("flemma.buffer").is_current(payload.buf, payload.run) then
    return
  end
  if payload.line and vim.api.nvim_get_current_buf() == payload.buf then
    local line = math.min(payload.line + 1, vim.api.nvim_buf_line_count(payload.buf))
    vim.api.nvim_win_set_cursor(0, { line, 0 })
  end
  require("flemma.buffer").ended(payload.buf, payload.status)
end

function doors.notify(payload)
  local say = require("flemma.notify").by_level[payload.level] or require("flemma.notify").info
  say(payload.message)
end

--- What came of an operation on sessions.
function doors.operation(payload)
  require("flemma.operations").receive(payload)
end

--- A question to the user, answered by a message.
function doors.choose(payload)
  require("flemma.questions").ask(payload)
end

function doors.beside(payload)
  require("flemma.questions").beside(payload)
end

--- Put lines into a chat that is idle.
function doors.place(payload)
  return require("flemma.questions").place(payload)
end

--- Call a function that stays here; the answer is a message of its own.
function doors.call(payload)
  require("flemma.functions").call(payload)
end

--- What a chat's frontmatter asks for, to be agreed to.
function doors.trust(payload)
  require("flemma.trust").show(payload)
end

--- What there is to switch to; `switched`: it is told because that has just been done.
function doors.catalogue(payload)
  require("flemma.switch").receive(payload)
end

--- Rules that would let a call run.
function doors.offers(payload)
  require("flemma.approvals").offered(payload)
end

--- Rules that were added.
function doors.rules(payload)
  require("flemma.approvals").listed(payload.rules)
end

--- Which MCP servers there are, or what one of them gave for a buffer.
function doors.mcp(payload)
  require("flemma.mcp").receive(payload)
end

--- A text has been read that is to become a chat.
function doors.imported(payload)
  return require("flemma.import").receive(payload)
end

--- A tool call was asked for, has begun or has ended.
function doors.tool(payload)
  require("flemma.running").receive(payload)
end

--- Run a tool that Lua registered; the result is a message of its own.
function doors.run_tool(payload)
  require("flemma.tools.calls").run(payload)
end

--- Nobody wants the result any more.
function doors.stop_tool(payload)
  require("flemma.tools.calls").stop(payload.call)
end

--- Which tools there are that Lua did not register.
function doors.tools(payload)
  require("flemma.tools").receive(payload)
end

--- What is wrong with a chat's templates and frontmatter, at its places.
function doors.problems(payload)
  require("flemma.problems").show(payload.buf, payload.items)
end

--- May a chat have a file that lies outside its project?
function doors.consent(payload)
  require("flemma.consent").ask(payload.buf, payload.path)
end

--- What a chat's frontmatter says of its looks.
function doors.looks(payload)
  require("flemma.ui").own_changed(payload.buf, payload.values)
end

function doors.preview(payload)
  require("flemma.ui.page").show("preview", "flemma-preview", payload)
end

--- What tool calls would do if they were run now.
function doors.foreseen(payload)
  require("flemma.ui.preview").receive(payload)
end

--- Does a buffer hold changes of this file that nobody wrote?
function doors.unsaved(payload)
  return { unsaved = require("flemma.openfiles").is_unsaved(payload.path) }
end

--- What going back would do to files, or did.
function doors.rewind(payload)
  require("flemma.rewind").receive(payload)
end

--- A tool wrote a file.
function doors.file_changed(payload)
  require("flemma.openfiles").changed(payload.path)
end

--- A request of the language client has its answer.
function doors.lsp(payload)
  require("flemma.lsp").answered(payload)
end

function doors.status(payload)
  require("flemma.status").receive(payload)
end

--- How autopilot stands in a chat.
function doors.flight(payload)
  require("flemma.state").receive_flight(payload)
end

--- About how many tokens a chat is.
function doors.estimate(payload)
  require("flemma.state").receive_estimate(payload)
end

--- Two requests to be read side by side.
function doors.compared(payload)
  require("flemma.diagnostics").receive(payload)
end

--- What scripts may want to know of sessions.
function doors.session(payload)
  require("flemma.session.pushed").receive(payload)
end

function doors.report(payload)
  require("flemma.host").reported(payload)
end

--- One entry for all: an error becomes an answer that the host can log, never a prompt.
---@param name string
---@param payload table
function M.call(name, payload)
  local ok, answer = pcall(doors[name], payload)
  if ok then
    return answer
  end
  return { problem = ("%s: %s"):format(name, tostring(answer)) }
end

return M
