--- Commands about tools: their calls, who may run what, the wall around them, servers.

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
return {
  ["mcp:login"] = with_server("login", "NAME", 1, "sign in to an MCP server in the browser"),
  ["mcp:prompt"] = with_server(
    "prompt",
    "SERVER PROMPT [key=value …]",
    2,
    "insert the messages of an MCP server's prompt"
  ),
  ["mcp:resource"] = with_server("resource", "SERVER URI", 2, "insert the text of an MCP server's resource"),
  ["mcp:restart"] = with_server("restart", "NAME", 1, "start an MCP server again"),
  ["mcp:stop"] = with_server("stop", "NAME", 1, "end an MCP server until a chat wants it again"),
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
  ["mcp:status"] = {
    about = "show the MCP servers and their tools",
    run = function()
      require("flemma.status").open(true)
    end,
  },
  ["mcp:trust"] = {
    about = "show the project's .mcp.json, and agree to its servers",
    run = function()
      require("flemma.mcp").send("trust")
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
}
