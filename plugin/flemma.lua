-- The command and the <Plug> mappings exist without setup(); nothing else is loaded until one of them is used.
if vim.g.loaded_flemma then
  return
end
vim.g.loaded_flemma = 1

vim.api.nvim_create_user_command("Flemma", function(call)
  require("flemma.commands").run(call)
end, {
  nargs = "*",
  range = true,
  bang = true,
  desc = "Flemma: send, cancel, run tools, … (:Flemma without a word lists all)",
  complete = function(lead, line)
    return require("flemma.commands").complete(lead, line)
  end,
})

for plug, action in pairs({
  ["<Plug>(FlemmaSend)"] = { { "n" }, "send" },
  ["<Plug>(FlemmaSendInsert)"] = { { "i" }, "send_from_insert" },
  ["<Plug>(FlemmaCancel)"] = { { "n" }, "cancel" },
  ["<Plug>(FlemmaToolExecute)"] = { { "n" }, "execute_at_cursor" },
}) do
  vim.keymap.set(action[1], plug, function()
    require("flemma.actions")[action[2]]()
  end, { desc = "Flemma: " .. action[2]:gsub("_", " ") })
end

for plug, key in pairs({
  ["<Plug>(FlemmaFile)"] = "gf",
  ["<Plug>(FlemmaFileSplit)"] = "<C-w>f",
  ["<Plug>(FlemmaFileTab)"] = "<C-w>gf",
}) do
  vim.keymap.set("n", plug, function()
    require("flemma.gotofile").open(key)
  end, { desc = "Flemma: the file named at the cursor" })
end

-- Names of an older plugin of this kind: each works, and says once what it is called now.
for name, now in pairs({
  FlemmaSend = "send",
  FlemmaSendAndInsert = "send",
  FlemmaCancel = "cancel",
  FlemmaImport = "import",
  FlemmaSwitch = "switch",
  FlemmaNextMessage = "message:next",
  FlemmaPrevMessage = "message:previous",
  FlemmaEnableLogging = "logging:enable",
  FlemmaDisableLogging = "logging:disable",
  FlemmaOpenLog = "logging:open",
  FlemmaRecallNotification = "notification:recall",
}) do
  vim.api.nvim_create_user_command(name, function(call)
    require("flemma.notify").once((":%s is :Flemma %s now"):format(name, now))
    if name == "FlemmaSendAndInsert" then
      vim.cmd.stopinsert()
      require("flemma.actions").send_only({ on_request_complete = "startinsert!" })
    else
      vim.cmd.Flemma({ args = { now, unpack(call.fargs) } })
    end
  end, { nargs = "*", desc = "Flemma: the older name of :Flemma " .. now })
end

for plug, action in pairs({
  ["<Plug>(FlemmaToolNext)"] = { "navigation", "next_tool", { "n", "x", "o" } },
  ["<Plug>(FlemmaToolPrevious)"] = { "navigation", "previous_tool", { "n", "x", "o" } },
  ["<Plug>(FlemmaInsideCode)"] = { "codeblocks", "inside", { "x", "o" } },
  ["<Plug>(FlemmaAroundCode)"] = { "codeblocks", "around", { "x", "o" } },
  ["<Plug>(FlemmaYankCode)"] = { "codeblocks", "yank", { "n" } },
  ["<Plug>(FlemmaRegenerate)"] = { "regenerate", "last", { "n" } },
  ["<Plug>(FlemmaFoldToggle)"] = { "ui.toggle", "fold", { "n" } },
  ["<Plug>(FlemmaConcealToggle)"] = { "ui.toggle", "conceal", { "n" } },
  ["<Plug>(FlemmaFoldOrConceal)"] = { "ui.toggle", "fold_or_conceal", { "n" } },
  ["<Plug>(FlemmaPaste)"] = { "clipboard", "paste", { "n" } },
  ["<Plug>(FlemmaRole)"] = { "roles", "colon", { "i" } },
  ["<Plug>(FlemmaMessageNext)"] = { "navigation", "next_message", { "n", "x", "o" } },
  ["<Plug>(FlemmaMessagePrevious)"] = { "navigation", "previous_message", { "n", "x", "o" } },
  ["<Plug>(FlemmaInsideMessage)"] = { "textobject", "inside", { "x", "o" } },
  ["<Plug>(FlemmaAroundMessage)"] = { "textobject", "around", { "x", "o" } },
}) do
  vim.keymap.set(action[3], plug, function()
    require("flemma." .. action[1])[action[2]]()
  end, { desc = "Flemma: " .. action[2]:gsub("_", " ") })
end
