--- What the host pushes about sessions, by its kind: each to the room that keeps it.

local M = {}

local KINDS = { facts = "current", event = "events", answer = "questions", restored = "restoring" }

---@param payload { kind: string }
function M.receive(payload)
  local room = KINDS[payload.kind]
  if not room then
    error(("nobody here takes %s about sessions"):format(tostring(payload.kind)))
  end
  require("flemma.session." .. room).receive(payload)
end

return M
