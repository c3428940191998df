"""The files that are made from api/: see scripts/generate."""

import api

ROOT = api.ROOT


def openapi_text(types):
    return api.compact(api.openapi(types)) + "\n"


def write_all(check):
    types = api.Api()
    wanted = {
        "server/frontends/http/openapi.json": lambda: openapi_text(types),
    }
    wrong = 0
    for name, make in wanted.items():
        path = ROOT / name
        text = make()
        if path.exists() and path.read_text() == text:
            continue
        wrong += 1
        if check:
            print(f"{name} is not what api/ gives: run scripts/generate, and commit both")
        else:
            path.write_text(text)
            print(f"wrote {name}")
    return 1 if check and wrong else 0
