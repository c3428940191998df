"""Programs that several tests of `lsp` run."""

ENDLESS = "import time\nprint('up', flush=True)\ntime.sleep(1000)\n"
