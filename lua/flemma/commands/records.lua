--- Commands about what was and what is: requests compared, the log, the status, estimates.

---@type table<string, flemma.Command>
return {
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
  ["config:export"] = {
    about = "write the settings of setup() to config.toml, for the command line; ! replaces one that is there",
    complete = function(_, lead)
      return vim.fn.getcompletion(lead, "file")
    end,
    run = function(_, line, _, sure)
      local usual = vim.fs.joinpath(vim.fn.stdpath("config"), "flemma", "config.toml")
      local path = line ~= "" and vim.fs.abspath(vim.fs.normalize(line)) or usual
      require("flemma.host").send("config_export", { path = path, replace = sure })
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
  status = {
    about = "show what holds for this chat, and who said so",
    complete = { "verbose" },
    run = function(args)
      require("flemma.status").open(args[1] == "verbose")
    end,
  },
  ["usage:estimate"] = {
    about = "tell how many tokens the next request would take, and what they cost",
    run = function()
      require("flemma.state").ask_estimate()
    end,
  },
}
