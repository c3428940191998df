"""The backend: POST /execute runs code in a sandbox."""

from fastapi import FastAPI

from app.api.execute import router

app = FastAPI(title="Code execution")
app.include_router(router)
