--- Commands about sessions: what is kept of a chat beside its file. `!` behind the word: nothing is asked.

local function operations()
  return require("flemma.operations")
end

local function offers()
  return require("flemma.operations.offers")
end

--- A command that asks the host something about a session, the one that is named or the chat's.
---@param action string
---@param about string
---@param more? table
---@return flemma.Command
local function about_session(action, about, more)
  return {
    about = about,
    complete = function(words)
      return #words == 0 and offers().sessions() or {}
    end,
    run = function(args)
      operations().send(action, vim.tbl_extend("force", { id = args[1] }, more or {}))
    end,
  }
end

--- The words that are flags, as a table of their names, and the others.
---@param args string[]
---@return table<string, true>
---@return string[]
local function flags(args)
  local found, rest = {}, {}
  for _, arg in ipairs(args) do
    local name = arg:match("^%-%-(.+)$")
    if name then
      found[name:gsub("-", "_")] = true
    else
      rest[#rest + 1] = arg
    end
  end
  return found, rest
end

---@type table<string, flemma.Command>
return {
  ["session:info"] = about_session("info", "show what is kept of a chat, what it used and cost"),
  ["session:path"] = about_session("path", "tell where a session is kept"),
  ["session:pin"] = about_session("pin", "keep a session from every cleanup", { pinned = true }),
  ["session:unpin"] = about_session("pin", "let cleanups take a session again", { pinned = false }),
  ["session:list"] = {
    about = "choose one of the project's sessions, or of all, and open its chat",
    complete = { "all" },
    run = function(args)
      operations().send("list", { whole = args[1] == "all" })
    end,
  },
  ["session:search"] = {
    about = "choose one of the sessions that say some words, and open its chat",
    run = function(_, line)
      require("flemma.operations.choices").search(line)
    end,
  },
  ["session:load"] = {
    about = "open a session's chat, made again from its journal where the file is gone",
    complete = function(words)
      return #words == 0 and offers().sessions() or {}
    end,
    run = function(args)
      if args[1] then
        operations().load(args[1])
      else
        operations().send("list")
      end
    end,
  },
  ["session:fork"] = {
    about = "go on in a chat beside this one, with all up to the cursor's turn, or with all",
    complete = { "all" },
    run = function(_, line)
      local all, name = line == "all" or line:find("^all%s") ~= nil, line
      if all then
        name = vim.trim(line:sub(4))
      end
      local at = not all and vim.api.nvim_win_get_cursor(0)[1] or nil
      operations().fork(0, { line = at, name = name ~= "" and name or nil })
    end,
  },
  ["session:turns"] = {
    about = "go to something that you said in this chat",
    run = function()
      require("flemma.operations.choices").turns()
    end,
  },
  ["session:rewind"] = {
    about = "cut this chat off before something that you said, which is the prompt again",
    complete = function(words)
      return #words == 0 and offers().turns() or {}
    end,
    run = function(args, _, _, sure)
      require("flemma.operations.choices").rewind(args[1], sure)
    end,
  },
  ["session:restore"] = {
    about = "show what brings files back to before something that you said, and do it; undo: take that back",
    complete = function(words)
      return #words == 0 and vim.list_extend({ "undo" }, offers().turns()) or {}
    end,
    run = function(args)
      require("flemma.operations.choices").restore(args[1])
    end,
  },
  ["session:checkpoint"] = {
    about = "have the model sum up what was said; requests start at the summary, words say what to keep",
    run = function(_, line)
      require("flemma.actions").checkpoint(vim.trim(line))
    end,
  },
  ["session:reset"] = {
    about = "stop and clear this chat, and give it a session of its own",
    run = function(_, _, _, sure)
      require("flemma.operations.choices").reset(sure)
    end,
  },
  ["session:delete"] = {
    about = "move a session to the trash; its chat stays",
    complete = function(words)
      return #words == 0 and offers().sessions() or {}
    end,
    run = function(args, _, _, sure)
      operations().send("delete", { id = args[1], sure = sure })
    end,
  },
  ["session:undelete"] = {
    about = "bring a session back from the trash",
    complete = function(words)
      return #words == 0 and offers().trash() or {}
    end,
    run = function(args)
      operations().send("undelete", { id = args[1] })
    end,
  },
  ["session:export"] = {
    about = "write this chat down as Markdown, a page, JSON or a chat without secrets",
    complete = function(words, lead)
      return #words == 0 and { "chat", "html", "json", "md" } or vim.fn.getcompletion(lead, "file")
    end,
    run = function(args, line, _, sure)
      local path = vim.trim((line:gsub("^%S+", "", 1)))
      operations().send("export", { format = args[1], path = path ~= "" and path or nil, sure = sure })
    end,
  },
  ["session:stats"] = {
    about = "show what was spent, by model, endpoint, project and day",
    complete = { "day", "endpoint", "model", "project", "provider", "source" },
    run = function(args)
      operations().send("stats", { by = args[1] })
    end,
  },
  ["session:history"] = {
    about = "show when sessions were worked in, and how each time ended",
    run = function()
      operations().send("history")
    end,
  },
  ["session:cleanup"] = {
    about = "move sessions to the trash that nobody touched for so many days (90d)",
    complete = { "--dry-run", "30d", "90d", "365d" },
    run = function(args, _, _, sure)
      local set, rest = flags(args)
      local days = tonumber(((rest[1] or ""):gsub("d$", "", 1)))
      operations().send("cleanup", { days = days, dry_run = set.dry_run, sure = sure })
    end,
  },
  ["session:events"] = {
    about = "show what happened in a chat's session; --follow: as it happens",
    complete = { "--follow" },
    run = function(args)
      local set, rest = flags(args)
      operations().send("events", { id = rest[1], follow = set.follow })
    end,
  },
  ["session:doctor"] = {
    about = "examine all that is kept of sessions, and mend what can be mended",
    complete = { "--make-private", "--merge-conflicts", "--repair-index" },
    run = function(args)
      operations().send("doctor", (flags(args)))
    end,
  },
}
