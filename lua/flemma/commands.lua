--- `:Flemma WORD …`: one table of commands from which dispatch, completion and the list are made.

local M = {}

---@class (exact) flemma.Command
---@field about string one line for the list
---@field run fun(args: string[], line: string, range?: integer[]) `line` is what stands behind the word, as it was
---typed; `range` are the first and the last line of one
---@field complete? string[]|fun(words: string[]): string[] words to offer behind it, given those before

---@param args string[]
---@return table<string, string>
local function options(args)
  local found = {}
  for _, arg in ipairs(args) do
    local key, value = arg:match("^([%w_]+)=(.+)$")
    if key then
      found[key] = value
    end
  end
  return found
end

--- A command that is about one MCP server.
---@param action string
---@param usage string the words behind it
---@param least integer how many of them there must be
---@param about string
---@return flemma.Command
local function with_server(action, usage, least, about)
  return {
    about = about,
    complete = function(words)
      return require("flemma.mcp").offers(words)
    end,
    run = function(args)
      require("flemma.mcp").run(action, args, usage, least)
    end,
  }
end

---@type table<string, flemma.Command>
local commands = {
  send = {
    about = "send, with no look at pending tool calls",
    complete = { "on_request_start=", "on_request_complete=" },
    run = function(args)
      require("flemma.actions").send_only(options(args))
    end,
  },
  ["autopilot:enable"] = {
    about = "run tool calls that rules allow unasked, and send their results, from now on",
    run = function()
      require("flemma.autopilot").enable()
    end,
  },
  ["autopilot:disable"] = {
    about = "run tool calls at a press of the send key only, from now on",
    run = function()
      require("flemma.autopilot").disable()
    end,
  },
  ["autopilot:status"] = {
    about = "show whether autopilot is on, and what may run unasked",
    run = function()
      require("flemma.status").open(false, "Autopilot")
    end,
  },
  cancel = {
    about = "stop what this chat is doing",
    run = function()
      require("flemma.actions").cancel()
    end,
  },
  ["diagnostics:enable"] = {
    about = "warn when a request does not begin as the one before it did",
    run = function()
      require("flemma.diagnostics").enable()
    end,
  },
  ["diagnostics:disable"] = {
    about = "compare requests no more, and forget them",
    run = function()
      require("flemma.diagnostics").disable()
    end,
  },
  ["diagnostics:diff"] = {
    about = "show the last two requests of this chat side by side",
    complete = { "normalized" },
    run = function(args)
      require("flemma.diagnostics").diff(args[1] == "normalized")
    end,
  },
  format = {
    about = "put old-form role markers on lines of their own",
    run = function()
      require("flemma.actions").format()
    end,
  },
  import = {
    about = "make a chat of the code or export in this buffer; a number picks one of several",
    run = function(args)
      require("flemma.import").run(args[1])
    end,
  },
  install = {
    about = "make or renew Flemma's own Python environment",
    complete = { "cancel", "force" },
    run = function(args)
      local install = require("flemma.install")
      if args[1] == "cancel" then
        return install.cancel()
      end
      install.run({ force = args[1] == "force" })
    end,
  },
  ["logging:enable"] = {
    about = "write a log from now on, at a level or at the one of the settings",
    complete = { "TRACE", "DEBUG", "INFO", "WARN", "ERROR" },
    run = function(args)
      require("flemma.logging").enable(args[1])
    end,
  },
  ["logging:disable"] = {
    about = "log errors only",
    run = function()
      require("flemma.logging").disable()
    end,
  },
  ["logging:open"] = {
    about = "open the log in a tab",
    run = function()
      require("flemma.logging").open()
    end,
  },
  ["mcp:login"] = with_server("login", "NAME", 1, "sign in to an MCP server in the browser"),
  ["mcp:prompt"] = with_server(
    "prompt",
    "SERVER PROMPT [key=value …]",
    2,
    "insert the messages of an MCP server's prompt"
  ),
  ["mcp:resource"] = with_server("resource", "SERVER URI", 2, "insert the text of an MCP server's resource"),
  ["mcp:restart"] = with_server("restart", "NAME", 1, "start an MCP server again"),
  ["mcp:status"] = {
    about = "show the MCP servers and their tools",
    run = function()
      require("flemma.status").open(true)
    end,
  },
  ["mcp:stop"] = with_server("stop", "NAME", 1, "end an MCP server until a chat wants it again"),
  ["mcp:trust"] = {
    about = "show the project's .mcp.json, and agree to its servers",
    run = function()
      require("flemma.mcp").send("trust")
    end,
  },
  ["models:refresh"] = {
    about = "ask a provider's server anew which models it has",
    complete = function(words)
      return #words == 0 and require("flemma.switch").providers() or {}
    end,
    run = function(args)
      require("flemma.listing").refresh(args[1])
    end,
  },
  notices = {
    about = "show the last notices whole",
    run = function()
      require("flemma.notify").show()
    end,
  },
  ["notification:recall"] = {
    about = "show the last report of usage again",
    run = function()
      require("flemma.ui.usage").recall_notification()
    end,
  },
  preview = {
    about = "show what exactly would be sent, and what takes how much room",
    run = function()
      require("flemma.actions").preview()
    end,
  },
  status = {
    about = "show what holds for this chat, and who said so",
    complete = { "verbose" },
    run = function(args)
      require("flemma.status").open(args[1] == "verbose")
    end,
  },
  switch = {
    about = "talk to another provider or model, or use a preset",
    complete = function(words)
      return require("flemma.switch").offers(words)
    end,
    run = function(_, line)
      require("flemma.switch").run(line)
    end,
  },
  ["message:next"] = {
    about = "go to the next message",
    run = function()
      require("flemma.navigation").next_message(1)
    end,
  },
  ["message:previous"] = {
    about = "go to the message before (also message:prev)",
    run = function()
      require("flemma.navigation").previous_message(1)
    end,
  },
  ["tool:execute"] = {
    about = "run the tool call at the cursor",
    run = function()
      require("flemma.actions").execute_at_cursor()
    end,
  },
  ["tool:approve"] = {
    about = "approve the tool call at the cursor, for the send key to run",
    run = function()
      require("flemma.actions").approve_at_cursor()
    end,
  },
  ["tool:reject"] = {
    about = "reject the tool call at the cursor, with what the model is told",
    run = function(_, line)
      require("flemma.actions").reject_at_cursor(line)
    end,
  },
  ["tool:preview"] = {
    about = "show what the tool call at the cursor would do",
    run = function()
      require("flemma.ui.preview").at_cursor()
    end,
  },
  ["tool:allow"] = {
    about = "add a rule that lets calls as the one at the cursor run unasked",
    run = function()
      require("flemma.approvals").allow()
    end,
  },
  ["tool:rules"] = {
    about = "list the rules that were added, and forget one",
    run = function()
      require("flemma.approvals").rules()
    end,
  },
  ["tool:list"] = {
    about = "list the tool calls of this chat that run, and for how long",
    run = function()
      require("flemma.running").show()
    end,
  },
  ["tool:cancel"] = {
    about = "stop the tool call at the cursor",
    run = function()
      require("flemma.running").cancel_at_cursor()
    end,
  },
  ["tool:cancel-all"] = {
    about = "stop all tool calls of this chat",
    run = function()
      require("flemma.running").cancel_all()
    end,
  },
  ["tool:trust"] = {
    about = "show the Python files of the project that bring tools, and agree to them",
    run = function()
      require("flemma.trust").tools()
    end,
  },
  ["sandbox:enable"] = {
    about = "run commands behind a wall from now on",
    run = function()
      require("flemma.sandbox").enable()
    end,
  },
  ["sandbox:disable"] = {
    about = "run commands without a wall from now on",
    run = function()
      require("flemma.sandbox").disable()
    end,
  },
  ["sandbox:status"] = {
    about = "show what the wall around commands is",
    run = function()
      require("flemma.status").open(false, "Sandbox")
    end,
  },
  trust = {
    about = "show what this chat's frontmatter asks for, and agree to it",
    run = function()
      require("flemma.trust").ask()
    end,
  },
  ["trust:revoke"] = {
    about = "no longer agree to this chat's frontmatter, or to that of a file",
    run = function(_, line)
      require("flemma.trust").revoke(line)
    end,
  },
  ["trust:list"] = {
    about = "list the files whose frontmatter you agreed to",
    run = function()
      require("flemma.trust").list()
    end,
  },
  ["usage:estimate"] = {
    about = "tell how many tokens the next request would take, and what they cost",
    run = function()
      require("flemma.state").ask_estimate()
    end,
  },
  ["usage:recall"] = {
    about = "show what the last request of this chat used",
    run = function()
      require("flemma.ui.usage").recall()
    end,
  },
}

for name, command in pairs(require("flemma.commands.writing")) do
  commands[name] = command
end
commands["message:prev"] = commands["message:previous"]

---@return string[]
local function names()
  local list = vim.tbl_keys(commands)
  table.sort(list)
  return list
end

--- What the list and the help show of each command, by name.
---@return { name: string, about: string, complete: string[] }[]
function M.described()
  return vim.tbl_map(function(name)
    local complete = commands[name].complete
    return { name = name, about = commands[name].about, complete = type(complete) == "table" and complete or {} }
  end, names())
end

local function list()
  local lines = { "commands:" }
  for _, name in ipairs(names()) do
    lines[#lines + 1] = ("  :Flemma %-20s %s"):format(name, commands[name].about)
  end
  -- Asked for, and as long as `:ls`: the user may press a key when it has been read.
  vim.api.nvim_echo({ { "Flemma " .. table.concat(lines, "\n") } }, false, {})
end

--- Run `:Flemma …`.
---@param call { fargs: string[], args: string }
function M.run(call)
  local word = (call.fargs[1] or ""):gsub("^:+", ""):gsub(":+$", "")
  if word == "" then
    return list()
  end
  local command = commands[word]
  if not command then
    local near = require("flemma.spelling").nearest(word, names())
    local hint = near and (" Did you mean %s?"):format(near) or " :Flemma alone lists all."
    return require("flemma.notify").error(("There is no command %s.%s"):format(word, hint))
  end
  local range = call.range > 0 and { call.line1, call.line2 } or nil
  command.run(vim.list_slice(call.fargs, 2), (call.args:gsub("^%s*%S+%s*", "", 1)), range)
end

---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  local words = vim.split(vim.trim(line:gsub("^%S+", "", 1)), "%s+", { trimempty = true })
  local first = #words == 0 or (#words == 1 and lead ~= "")
  local offers = first and names() or (commands[words[1]] or {}).complete or {}
  if type(offers) == "function" then
    offers = offers(vim.list_slice(words, 2, lead == "" and #words or #words - 1))
  end
  return vim.tbl_filter(function(offer)
    return vim.startswith(offer, lead)
  end, offers)
end

return M
