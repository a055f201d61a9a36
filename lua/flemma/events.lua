---@meta
--- What the `User` autocommands of Flemma carry as `data` (`:help flemma-events`), for language servers of Lua. Nothing
--- loads this.

---@class (exact) flemma.event.FlemmaRequestSending
---@field bufnr integer

---@class (exact) flemma.event.FlemmaRequestFinished
---@field bufnr integer
---@field status "completed"|"cancelled"|"errored"
---@field request flemma.session.Request? nil: what it used is not known, or not yet

---@class (exact) flemma.event.FlemmaToolExecuting
---@field bufnr integer
---@field tool_name string
---@field tool_id string

---@class (exact) flemma.event.FlemmaToolFinished
---@field bufnr integer
---@field tool_name string
---@field tool_id string
---@field status "success"|"error"

---@class (exact) flemma.event.FlemmaAutopilotChanged
---@field bufnr integer
---@field state "armed"|"sending"|"paused"|"idle"

---@class (exact) flemma.event.FlemmaAttention
---@field bufnr integer
---@field reason "finished"|"failed"|"approval"|"none"

---@class (exact) flemma.event.FlemmaStatusChanged
---@field bufnr integer

---@class flemma.event.FlemmaSessionEvent with more fields, by type
---@field bufnr integer? nil: no chat of this Neovim shows the session
---@field type string
---@field sid string

---@class (exact) flemma.event.FlemmaUsageEstimated
---@field bufnr integer

---@class (exact) flemma.event.FlemmaBudget
---@field bufnr integer
---@field funds flemma.Fund[]

---@class (exact) flemma.event.FlemmaConfigUpdated
---@field bufnr integer

---@class (exact) flemma.event.FlemmaBootComplete
