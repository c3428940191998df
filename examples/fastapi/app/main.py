"""The backend: POST /execute runs code in a sandbox."""

import os

from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from app.api.execute import router

app = FastAPI(title="Code execution")
app.include_router(router)

# A web page whose own name leads to this address (DNS rebinding) comes with another Host. BACKEND_HOSTS adds names: a,b
hosts = ["localhost", "127.0.0.1", "backend", "claude-backend"]
hosts += [each.strip() for each in os.environ.get("BACKEND_HOSTS", "").split(",") if each.strip()]
app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts)
