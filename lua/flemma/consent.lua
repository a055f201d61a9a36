--- Asking whether a chat may have a file that lies outside its project and folder. Once for each file and Neovim.

local M = {}

local YES, NO = "Yes, this chat may send it", "No"

---@param buf integer
---@param path string the real one
function M.ask(buf, path)
  -- A picker may be drawn at once, and this is called from within a request of the host's.
  vim.schedule(function()
    local prompt = ("%s lies outside this chat's project. Send it?"):format(vim.fn.fnamemodify(path, ":~"))
    local ok = pcall(vim.ui.select, { YES, NO }, { prompt = prompt, kind = "flemma_consent" }, function(choice)
      require("flemma.host").send("consent", { buf = buf, path = path, allowed = choice == YES })
    end)
    if not ok then
      require("flemma.host").send("consent", { buf = buf, path = path, allowed = false })
    end
  end)
end

return M
