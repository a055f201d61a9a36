--- Commands that begin a chat or change what is written in one.

---@type table<string, flemma.Command>
return {
  ask = {
    about = "begin a chat with a prompt and the selection, and send it",
    complete = require("flemma.newchat").WORDS,
    run = function(_, line, range)
      require("flemma.newchat").ask(line, range)
    end,
  },
  new = {
    about = "begin a chat, with the selection if there is one",
    complete = require("flemma.newchat").WORDS,
    run = function(_, line, range)
      require("flemma.newchat").new(line, range)
    end,
  },
  paste = {
    about = "put the clipboard's image beside the chat, and its reference here",
    run = function()
      require("flemma.clipboard").paste()
    end,
  },
  regenerate = {
    about = "take the last reply away and ask for another one",
    run = function()
      require("flemma.regenerate").last()
    end,
  },
  yank = {
    about = "yank the last code block of the last reply, into a register",
    run = function(args)
      require("flemma.codeblocks").yank(args[1])
    end,
  },
}
