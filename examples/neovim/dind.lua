-- Neovim 0.7 or later: runs the file in front of you in a sandbox. Put this file on the runtime path (for example as
-- ~/.config/nvim/plugin/dind.lua) and dind-executor on PATH. docs/editors.md explains it.
--
--   :DindRun    runs the file as typed; its output appears in a window below
--   :DindStop   stops every run of this Neovim
--   :DindOutput shows the output

local output, client_id

local function output_buffer()
  if not (output and vim.api.nvim_buf_is_valid(output)) then
    output = vim.api.nvim_create_buf(false, true)
    vim.api.nvim_buf_set_name(output, 'dind://output')
  end
  return output
end

local function show_output()
  local buffer = output_buffer()
  if vim.fn.bufwinid(buffer) == -1 then
    local before = vim.api.nvim_get_current_win()
    vim.cmd('botright 12split')
    vim.api.nvim_win_set_buf(0, buffer)
    vim.api.nvim_set_current_win(before)
  end
end

local function append(text)
  local buffer = output_buffer()
  vim.api.nvim_buf_set_lines(buffer, -1, -1, false, vim.split(text, '\n'))
  local window = vim.fn.bufwinid(buffer)
  if window ~= -1 then
    vim.api.nvim_win_set_cursor(window, { vim.api.nvim_buf_line_count(buffer), 0 })
  end
end

-- The server's client for this buffer.
local function client()
  local buffer = vim.api.nvim_get_current_buf()
  if not (client_id and vim.lsp.get_client_by_id(client_id)) then
    client_id = vim.lsp.start_client({
      name = 'dind',
      cmd = { 'dind-executor', 'lsp' },
      root_dir = vim.fn.getcwd(),
      handlers = {
        -- The output of programs, and how they ended, line by line.
        ['window/logMessage'] = function(_, params) append(params.message) end,
      },
    })
  end
  vim.lsp.buf_attach_client(buffer, client_id)
  -- The server knows the buffer's text only from then on; before, it would run the saved file.
  local server = vim.lsp.get_client_by_id(client_id)
  vim.wait(10000, function() return server.initialized end, 10)
  return server
end

local function execute(command, arguments)
  local server = client()
  local params = { command = command, arguments = arguments }
  local method = 'workspace/executeCommand'
  -- Errors are shown by window/showMessage.
  local function done() end
  if vim.fn.has('nvim-0.11') == 1 then
    server:request(method, params, done, vim.api.nvim_get_current_buf())
  else
    server.request(method, params, done, vim.api.nvim_get_current_buf())
  end
end

vim.api.nvim_create_user_command('DindRun', function()
  show_output()
  execute('dind.runFile', { { uri = vim.uri_from_bufnr(0) } })
end, { desc = 'Run this file in a sandbox' })

vim.api.nvim_create_user_command('DindStop', function() execute('dind.stop', {}) end, { desc = 'Stop what runs in a sandbox' })

vim.api.nvim_create_user_command('DindOutput', show_output, { desc = 'Show the output of sandboxes' })
