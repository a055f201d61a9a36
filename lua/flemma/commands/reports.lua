--- Commands that tell once more what was told, and of chats that wait.

---@type table<string, flemma.Command>
return {
  ["attention"] = {
    about = "go to a chat that waits for you, or has come to its end while nobody looked",
    run = function()
      require("flemma.attention").go()
    end,
  },
  ["notification:recall"] = {
    about = "show the last report of usage again",
    run = function()
      require("flemma.ui.usage").recall_notification()
    end,
  },
  ["usage:recall"] = {
    about = "show what the last request of this chat used",
    run = function()
      require("flemma.ui.usage").recall()
    end,
  },
  notices = {
    about = "show the last notices whole",
    run = function()
      require("flemma.notify").show()
    end,
  },
}
