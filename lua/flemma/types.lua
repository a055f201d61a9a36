---@meta
--- What `require("flemma").setup()` takes, for language servers of Lua. Nothing loads this.
---
--- Made by `make generate` from python/flemma_py/config: change it there.
-- luacheck: no max line length

---@class flemma.settings.parameters.general
---@field max_tokens? integer|string must be a whole number of tokens, or a share of what the model can write, as "50%"
---@field temperature? number must be a number from 0 to 2
---@field thinking? "off"|"minimal"|"low"|"medium"|"high"|"max"|false|integer|number|table<string, any> must be off, minimal, low, medium, high, max, false, a number of tokens, or a table of level and foreign
---@field cache_retention? "short"|"long"|"none" must be short, long or none
---@field timeout? number must be a number of seconds above 0
---@field connect_timeout? number must be a number of seconds above 0

---@class (exact) flemma.Settings
---@field provider? string must be the name of a provider
---@field model? string must be the name of a model, or of a preset
---@field presets? table<string, any> must be a table of presets, each under a name that begins with $
---@field proxy? string must be an address, as http://host:port
---@field ca_bundle? string must be the path of a file with certificates (PEM)
---@field parameters? flemma.settings.parameters
---@field providers? table<string, flemma.settings.providers>
---@field tools? flemma.settings.tools|string[]
---@field mcp? flemma.settings.mcp|string[]
---@field sandbox? flemma.settings.sandbox|boolean
---@field editing? flemma.settings.editing
---@field keymaps? flemma.settings.keymaps
---@field ui? flemma.settings.ui
---@field highlights? flemma.settings.highlights
---@field ruler? flemma.settings.ruler
---@field signs? flemma.settings.signs
---@field turns? flemma.settings.turns
---@field line_highlights? flemma.settings.line_highlights
---@field templating? flemma.settings.templating
---@field secrets? flemma.settings.secrets
---@field sessions? flemma.settings.sessions
---@field logging? flemma.settings.logging
---@field diagnostics? flemma.settings.diagnostics
---@field lsp? flemma.settings.lsp
---@field integrations? flemma.settings.integrations
---@field notify? flemma.settings.ui.usage older name of `ui.usage`
---@field notifications? flemma.settings.ui.usage older name of `ui.usage`
---@field progress? flemma.settings.ui.progress older name of `ui.progress`
---@field pricing? flemma.settings.ui.pricing older name of `ui.pricing`
---@field statusline? flemma.settings.ui.statusline older name of `ui.statusline`
---@field defaults? flemma.settings.highlights.defaults older name of `highlights.defaults`
---@field role_style? string older name of `highlights.role_style`
---@field text_object? string|false older name of `keymaps.text_object`

---@class (exact) flemma.settings.parameters: flemma.settings.parameters.general
---@field anthropic? flemma.settings.parameters.anthropic
---@field gemini? flemma.settings.parameters.gemini
---@field moonshot? flemma.settings.parameters.moonshot
---@field ollama? flemma.settings.parameters.ollama
---@field openai? flemma.settings.parameters.openai
---@field vertex? flemma.settings.parameters.vertex
---@field [string] flemma.settings.parameters.general of a provider of your own

---@class (exact) flemma.settings.parameters.anthropic: flemma.settings.parameters.general
---@field thinking_budget? integer|number must be a number of tokens (0: no thinking)
---@field effort? "low"|"medium"|"high"|"xhigh"|"max" must be low, medium, high, xhigh or max
---@field edited_thinking? "drop"|"error" must be drop or error
---@field api_version? string must be a date, as 2023-06-01

---@class (exact) flemma.settings.parameters.gemini: flemma.settings.parameters.general
---@field thinking_budget? integer must be a whole number of tokens (0: no thinking)
---@field api_version? string must be a version, as v1beta

---@class (exact) flemma.settings.parameters.moonshot: flemma.settings.parameters.general
---@field reasoning_effort? string must be a level that the server knows, as low
---@field top_p? number must be a number from 0 to 1
---@field presence_penalty? number must be a number from -2 to 2
---@field frequency_penalty? number must be a number from -2 to 2
---@field max_tokens_key? "max_tokens"|"max_completion_tokens" must be max_tokens or max_completion_tokens
---@field send_reasoning? boolean|"reasoning_content"|"reasoning" must be true, false, reasoning_content or reasoning
---@field send_files? boolean must be true or false
---@field extra_body? table<string, any> must be a table of fields of the request
---@field prompt_cache_key? string must be a text that tells chats apart

---@class (exact) flemma.settings.parameters.ollama: flemma.settings.parameters.general
---@field reasoning_effort? string must be a level that the server knows, as low
---@field top_p? number must be a number from 0 to 1
---@field presence_penalty? number must be a number from -2 to 2
---@field frequency_penalty? number must be a number from -2 to 2
---@field max_tokens_key? "max_tokens"|"max_completion_tokens" must be max_tokens or max_completion_tokens
---@field send_reasoning? boolean|"reasoning_content"|"reasoning" must be true, false, reasoning_content or reasoning
---@field send_files? boolean must be true or false
---@field extra_body? table<string, any> must be a table of fields of the request

---@class (exact) flemma.settings.parameters.openai: flemma.settings.parameters.general
---@field reasoning? "none"|"minimal"|"low"|"medium"|"high"|"xhigh"|"max"|"" must be none, minimal, low, medium, high, xhigh or max
---@field reasoning_summary? "auto"|"concise"|"detailed"|"none" must be auto, concise, detailed or none
---@field phase? boolean must be true or false

---@class (exact) flemma.settings.parameters.vertex: flemma.settings.parameters.general
---@field project_id? string must be the id of a Google Cloud project
---@field location? string must be a location, as global or us-central1
---@field thinking_budget? integer must be a whole number of tokens (0: no thinking)
---@field api_version? string must be a version, as v1beta1

---@class (exact) flemma.settings.providers
---@field kind? string must be the name of a wire, as openai_chat
---@field base_url? string must be an address, as https://host/path
---@field api_key_env? string must be the name of an environment variable
---@field api_key_cmd? string|string[] must be a command, as a text or a list of words
---@field headers? table<string, string> must be a table of header names and texts
---@field models? (string|table<string, any>)[] must be a list of model names, or of tables with a name and what is known of it; the first one is the default
---@field retries? integer must be a whole number from 0 to 10

---@class (exact) flemma.settings.tools
---@field offered? string[] The tools that a model is told of; `tools = { … }` means this list. nil: all that are enabled. must be a list of names of tools
---@field default_timeout? number must be a number of seconds above 0
---@field show_spinner? boolean must be true or false
---@field cursor_after_result? "result"|"stay"|"next" must be result, stay or next
---@field require_approval? boolean Ask for what no rule decides. false: such calls run. must be true or false
---@field auto_approve? (string|function)[]|string|function What runs unasked in autopilot. must be a list of tools, rules and $presets, or a function
---@field auto_approve_sandboxed? boolean Whether the sandbox is approval enough for tools that respect it. must be true or false
---@field autopilot? flemma.settings.tools.autopilot|boolean
---@field consent? "seen"|"seed" seen: the send key first shows calls that are out of sight. seed: it runs them. must be seen or seed
---@field max_concurrent? integer Calls that run at once. must be a whole number, 0 for no limit
---@field modules? string[] They register tools. must be a list of Lua modules
---@field bash? flemma.settings.tools.bash
---@field grep? flemma.settings.tools.grep
---@field find? flemma.settings.tools.find
---@field ls? flemma.settings.tools.ls
---@field mcporter? flemma.settings.tools.mcporter
---@field truncate? flemma.settings.tools.truncate

---@class (exact) flemma.settings.tools.autopilot
---@field enabled? boolean Run the calls that are allowed, and send the results, unasked. must be true or false
---@field max_turns? integer must be a whole number above 0

---@class (exact) flemma.settings.tools.bash
---@field shell? string nil: bash. must be the name or path of a shell
---@field cwd? string nil: the chat's. must be the path of a folder
---@field env? table<string, string> Goes to commands beside the environment. must be a table of variables and texts

---@class (exact) flemma.settings.tools.grep
---@field cwd? string must be the path of a folder
---@field exclude? string[] must be a list of names to pass over

---@class (exact) flemma.settings.tools.find
---@field cwd? string must be the path of a folder
---@field exclude? string[] must be a list of names to pass over

---@class (exact) flemma.settings.tools.ls
---@field cwd? string must be the path of a folder

---@class (exact) flemma.settings.tools.mcporter
---@field enabled? boolean Offer tools of MCP servers through mcporter. must be true or false
---@field path? string must be the name or path of a program
---@field timeout? number must be a number of seconds above 0
---@field startup? flemma.settings.tools.mcporter.startup
---@field include? string[] must be a list of patterns of names
---@field exclude? string[] must be a list of patterns of names

---@class (exact) flemma.settings.tools.mcporter.startup
---@field concurrency? integer must be a whole number above 0

---@class (exact) flemma.settings.tools.truncate
---@field max_lines? integer must be a whole number from 1 to 4000
---@field max_bytes? integer must be a whole number from 1000 to 8388608
---@field output_path_format? string Where the whole of an output goes that was cut. must be the path of a file
---@field max_file_bytes? integer Of such a file. must be a whole number of bytes, 0 for no file

---@class (exact) flemma.settings.mcp
---@field enabled? string[] The servers that a chat has, of those in mcp.servers. nil: all that are enabled there. must be a list of names of servers
---@field wait? number How long a send waits for servers that are still starting; later ones join the next send. must be a number of seconds
---@field servers? table<string, flemma.settings.mcp.servers>

---@class (exact) flemma.settings.mcp.servers
---@field command? string must be the name or path of a program
---@field args? string[] must be a list of words
---@field env? table<string, string> All it gets beside HOME, PATH and the like. must be a table of variables and texts
---@field cwd? string nil: the one Neovim was started in. must be the path of a folder
---@field url? string must be an address, as https://host/mcp
---@field headers? table<string, string> must be a table of header names and texts
---@field api_key_env? string Its value goes to url as a bearer. must be the name of an environment variable
---@field api_key_cmd? string|string[] must be a command, as a text or a list of words
---@field enabled? boolean Whether chats have it that do not choose with mcp.enabled. must be true or false
---@field include? string[] Tools to offer; none: all. must be a list of patterns of names, as read_*
---@field exclude? string[] Tools not to offer. must be a list of patterns of names, as read_*
---@field timeout? number Of one call. must be a number of seconds above 0
---@field start_timeout? number Until it has told its tools. must be a number of seconds above 0

---@class (exact) flemma.settings.sandbox
---@field enabled? boolean must be true or false
---@field backend? string must be auto, required, or the name of a backend
---@field policy? flemma.settings.sandbox.policy
---@field backends? flemma.settings.sandbox.backends

---@class (exact) flemma.settings.sandbox.policy
---@field rw_paths? string[] Where a tool may write. must be a list of paths; urn:flemma:cwd and urn:flemma:buffer:path are folders, $VAR and ${VAR:-other} variables
---@field network? boolean must be true or false
---@field allow_privileged? boolean must be true or false

---@class (exact) flemma.settings.sandbox.backends
---@field bwrap? flemma.settings.sandbox.backends.bwrap

---@class (exact) flemma.settings.sandbox.backends.bwrap
---@field path? string must be the name or path of a program
---@field extra_args? string[] must be a list of words

---@class (exact) flemma.settings.editing
---@field auto_write? boolean must be true or false
---@field auto_prompt? boolean Begin an empty chat with `@You:`. must be true or false
---@field disable_textwidth? boolean must be true or false
---@field manage_updatetime? boolean must be true or false
---@field foldlevel? integer must be a whole number of at least 0
---@field conceal? string|integer|false 'conceallevel' and 'concealcursor' of a chat's windows. must be a level with modes behind it, as "2nv", a level, or false
---@field auto_close? flemma.settings.editing.auto_close
---@field chat_folder? string For new chats; in the project if it is relative. must be the path of a folder

---@class (exact) flemma.settings.editing.auto_close
---@field thinking? boolean must be true or false
---@field tool_use? boolean must be true or false
---@field tool_result? boolean must be true or false
---@field frontmatter? boolean must be true or false
---@field checkpoint? boolean All above a checkpoint, as one fold. must be true or false

---@class (exact) flemma.settings.keymaps
---@field enabled? boolean must be true or false
---@field normal? flemma.settings.keymaps.normal
---@field insert? flemma.settings.keymaps.insert
---@field text_object? string|false must be a key, or false
---@field code_object? string|false must be a key, or false

---@class (exact) flemma.settings.keymaps.normal
---@field send? string|false must be a key, or false
---@field cancel? string|false must be a key, or false
---@field tool_execute? string|false must be a key, or false
---@field message_next? string|false must be a key, or false
---@field message_prev? string|false must be a key, or false
---@field tool_next? string|false must be a key, or false
---@field tool_prev? string|false must be a key, or false
---@field regenerate? string|false must be a key, or false
---@field yank_code? string|false must be a key, or false
---@field paste? string|false must be a key, or false
---@field fold_toggle? string|false must be a key, or false
---@field conceal_toggle? string|false must be a key, or false

---@class (exact) flemma.settings.keymaps.insert
---@field send? string|false must be a key, or false
---@field role? string|false must be a key, or false

---@class (exact) flemma.settings.ui
---@field usage? flemma.settings.ui.usage
---@field progress? flemma.settings.ui.progress
---@field attention? flemma.settings.ui.attention
---@field pricing? flemma.settings.ui.pricing
---@field statusline? flemma.settings.ui.statusline

---@class (exact) flemma.settings.ui.usage
---@field enabled? boolean must be true or false
---@field timeout? integer must be a whole number of milliseconds, 0 or more
---@field max_width? integer must be a whole number of columns above 0
---@field padding? integer must be a whole number of columns, 0 or more
---@field border? string|any[] must be the name of a border, or a list of its characters
---@field title? string|false must be a text, or false
---@field position? "top"|"bottom"|"top left"|"top right"|"bottom left"|"bottom right" The corner of the window in which it stands. must be top or bottom, alone or with left or right behind it
---@field highlight? string must be names of highlight groups with commas between

---@class (exact) flemma.settings.ui.progress
---@field position? "top"|"bottom"|"top left"|"top right"|"bottom left"|"bottom right" Where progress is told while its own line is out of sight. must be top or bottom, alone or with left or right behind it
---@field highlight? string must be names of highlight groups with commas between

---@class (exact) flemma.settings.ui.attention
---@field enabled? boolean Tell of a chat that no window shows. must be true or false
---@field bell? boolean Ring the terminal's bell, also while Neovim has not the focus. must be true or false

---@class (exact) flemma.settings.ui.pricing
---@field enabled? boolean must be true or false
---@field high_cost_threshold? number Price of a million tokens from which a switch warns. must be a number of dollars, 0 or more

---@class (exact) flemma.settings.ui.statusline
---@field format? string|function In place of the two formats below. must be a text with {{ expressions }}, or a function
---@field thinking_format? string Where a thinking budget is set. must be a text with {model} and {level} in it
---@field reasoning_format? string Where a level of reasoning is set. must be a text with {model} and {level} in it
---@field estimate? "local"|"vendor" Who counts a chat's tokens before it is sent. must be local or vendor

---@class (exact) flemma.settings.highlights
---@field defaults? flemma.settings.highlights.defaults
---@field role_style? string must be attributes with commas between, as bold,underline
---@field system? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field user? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field assistant? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field lua_expression? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field lua_code_block? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field lua_delimiter? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field user_file_reference? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field thinking_tag? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field thinking_block? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field tool_use_title? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field tool_result_title? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field tool_result_error? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field tool_result_pending? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field tool_result_approved? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field tool_result_rejected? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field tool_result_denied? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field tool_result_aborted? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field tool_icon? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field tool_name? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field tool_preview? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field tool_detail? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field fold_preview? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field fold_meta? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field busy? string|table<string, any> must be a highlight: a group, a colour, an expression or a table

---@class (exact) flemma.settings.highlights.defaults
---@field dark? table<string, string> must be a table of bg and fg
---@field light? table<string, string> must be a table of bg and fg

---@class (exact) flemma.settings.ruler
---@field enabled? boolean must be true or false
---@field char? string must be a character
---@field hl? string|table<string, any> must be a highlight: a group, a colour, an expression or a table

---@class (exact) flemma.settings.signs
---@field enabled? boolean A sign beside each line of a message. must be true or false
---@field char? string must be a character
---@field system? flemma.settings.signs.system
---@field user? flemma.settings.signs.user
---@field assistant? flemma.settings.signs.assistant

---@class (exact) flemma.settings.signs.system
---@field char? string must be a character
---@field hl? boolean|string|table<string, any> must be a highlight, true for the role's own, or false for none

---@class (exact) flemma.settings.signs.user
---@field char? string must be a character
---@field hl? boolean|string|table<string, any> must be a highlight, true for the role's own, or false for none

---@class (exact) flemma.settings.signs.assistant
---@field char? string must be a character
---@field hl? boolean|string|table<string, any> must be a highlight, true for the role's own, or false for none

---@class (exact) flemma.settings.turns
---@field enabled? boolean A line in the status column that joins the messages of a turn. must be true or false
---@field padding? integer|integer[]|table<string, integer> must be a number of columns, or a list of those left and right
---@field hl? string|table<string, any> must be a highlight: a group, a colour, an expression or a table

---@class (exact) flemma.settings.line_highlights
---@field enabled? boolean must be true or false
---@field frontmatter? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field system? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field user? string|table<string, any> must be a highlight: a group, a colour, an expression or a table
---@field assistant? string|table<string, any> must be a highlight: a group, a colour, an expression or a table

---@class (exact) flemma.settings.templating
---@field modules? string[] They add to what expressions can name: |flemma-template-modules|. must be a list of Lua modules

---@class (exact) flemma.settings.secrets
---@field gcloud? flemma.settings.secrets.gcloud

---@class (exact) flemma.settings.secrets.gcloud
---@field path? string must be the name or path of a program

---@class (exact) flemma.settings.sessions
---@field enabled? boolean Keep a journal beside each chat: |flemma-sessions|. must be true or false
---@field dir? string must be the path of a folder
---@field mirror? "text"|"hash"|"off" What the journal keeps of messages: the words, their sums, or nothing. must be text, hash or off
---@field require_journal? boolean Send nothing that cannot be written down first. must be true or false
---@field embed_id? boolean Write a chat's id into its frontmatter, so that it survives a move. must be true or false
---@field trash_days? integer How long what is deleted can come back. must be a whole number of days, 1 or more
---@field restore_usage? "instance"|"project"|false Whose totals a new Neovim goes on with. must be instance, project or false
---@field checkpoint? flemma.settings.sessions.checkpoint

---@class (exact) flemma.settings.sessions.checkpoint
---@field suggest? number|false How full a model's context is when a checkpoint is suggested, once: |flemma-checkpoints|. must be a number between 0 and 1, or false

---@class (exact) flemma.settings.logging
---@field enabled? boolean must be true or false
---@field path? string must be the path of a file
---@field level? "TRACE"|"DEBUG"|"INFO"|"WARN"|"ERROR" must be TRACE, DEBUG, INFO, WARN or ERROR
---@field format? "text"|"json" json: an object a line, for programs that read it. must be text or json

---@class (exact) flemma.settings.diagnostics
---@field enabled? boolean Warn when a request does not begin as the one before it did. must be true or false

---@class (exact) flemma.settings.lsp
---@field enabled? boolean A language server for chats: completion, hover, outline, actions. must be true or false

---@class (exact) flemma.settings.integrations
---@field devicons? flemma.settings.integrations.devicons

---@class (exact) flemma.settings.integrations.devicons
---@field enabled? boolean must be true or false
---@field icon? string must be a character
