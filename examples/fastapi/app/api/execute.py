from fastapi import APIRouter, HTTPException
from pydantic import BaseModel
from app.utils.dind_executor import get_executor

router = APIRouter()

class CodeExecuteRequest(BaseModel):
    code: str
    language: str = "python"
    timeout: int = 60

@router.post("/execute")
async def execute_code(request: CodeExecuteRequest):
    executor = get_executor()

    if not executor.is_available():
        raise HTTPException(
            status_code=503,
            detail="Code execution service is not available"
        )

    try:
        if request.language == "python":
            result = executor.run_python_code(
                code=request.code,
                timeout=request.timeout,
            )
        else:
            raise HTTPException(
                status_code=400,
                detail=f"Unsupported language: {request.language}"
            )

        return {
            "success": result["returncode"] == 0,
            "output": result["stdout"],
            "error": result["stderr"],
        }
    except Exception as e:
        raise HTTPException(
            status_code=500,
            detail=str(e)
        )
