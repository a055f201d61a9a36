-- A configuration with every setting under its older name.
require("flemma").setup({
  provider = "anthropic",
  model = nil,
  parameters = {
    max_tokens = 4000,
    temperature = 0.7,
    timeout = 120,
    connect_timeout = 10,
    anthropic = {
      thinking_budget = nil,
      cache_retention = "short",
    },
    vertex = {
      project_id = nil,
      location = "global",
      thinking_budget = nil,
    },
    openai = {
      reasoning = nil,
    },
  },
  presets = {},
  tools = {
    default_timeout = 30,
    show_spinner = true,
    cursor_after_result = "result",
    bash = {
      shell = nil,
      cwd = nil,
      env = nil,
    },
  },
  defaults = {
    dark = { bg = "#000000", fg = "#ffffff" },
    light = { bg = "#ffffff", fg = "#000000" },
  },
  highlights = {
    system = "Special",
    user = "Normal",
    assistant = "Normal",
    user_lua_expression = "PreProc",
    user_file_reference = "Include",
    thinking_tag = "Comment",
    thinking_block = {
      dark = "Comment+bg:#102020-fg:#111111",
      light = "Comment-bg:#102020+fg:#111111",
    },
    tool_use = "Function",
    tool_result = "Function",
    tool_result_error = "DiagnosticError",
  },
  role_style = "bold,underline",
  ruler = {
    enabled = true,
    char = "─",
    hl = { dark = "Comment-fg:#303030", light = "Comment+fg:#303030" },
  },
  signs = {
    enabled = false,
    char = "▌",
    system = { char = nil, hl = true },
    user = { char = "▏", hl = true },
    assistant = { char = nil, hl = true },
  },
  line_highlights = {
    enabled = true,
    frontmatter = { dark = "Normal+bg:#201020", light = "Normal-bg:#201020" },
    system = { dark = "Normal+bg:#201000", light = "Normal-bg:#201000" },
    user = { dark = "Normal", light = "Normal" },
    assistant = { dark = "Normal+bg:#102020", light = "Normal-bg:#102020" },
  },
  notify = require("flemma.notify").default_opts,
  pricing = { enabled = true },
  statusline = {
    thinking_format = "{model}  ✓ thinking",
    reasoning_format = "{model} ({level})",
  },
  text_object = "m",
  editing = {
    disable_textwidth = true,
    auto_write = false,
    manage_updatetime = true,
    foldlevel = 1,
  },
  logging = {
    enabled = false,
    path = vim.fn.stdpath("cache") .. "/flemma.log",
  },
  keymaps = {
    enabled = true,
    normal = {
      send = "<C-]>",
      cancel = "<C-c>",
      tool_execute = "<M-CR>",
      next_message = "]m",
      prev_message = "[m",
    },
    insert = {
      send = "<C-]>",
    },
  },
})
