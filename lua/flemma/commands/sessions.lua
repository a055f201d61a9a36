--- Commands about sessions.

---@type table<string, flemma.Command>
return {
  ["session:checkpoint"] = {
    about = "have the model sum up what was said; requests start at the summary, words say what to keep",
    run = function(_, line)
      require("flemma.actions").checkpoint(vim.trim(line))
    end,
  },
}
