--- Commands about a chat: sending, who answers, going about in it, texts of others made into one.

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

---@type table<string, flemma.Command>
return {
  send = {
    about = "send, with no look at pending tool calls",
    complete = { "on_request_start=", "on_request_complete=" },
    run = function(args)
      require("flemma.actions").send_only(options(args))
    end,
  },
  cancel = {
    about = "stop what this chat is doing",
    run = function()
      require("flemma.actions").cancel()
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
  ["models:refresh"] = {
    about = "ask a provider's server anew which models it has",
    complete = function(words)
      return #words == 0 and require("flemma.switch").providers() or {}
    end,
    run = function(args)
      require("flemma.listing").refresh(args[1])
    end,
  },
  preview = {
    about = "show what exactly would be sent, and what takes how much room",
    run = function()
      require("flemma.actions").preview()
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
}
