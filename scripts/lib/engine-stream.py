"""Shows the steps of an image build as the engine streams them, and the last lines if it fails; exits 1 on an error in the stream.

The engine answers 200 before it begins, so an error comes as {"error": ...} in the stream.
"""
import json
import sys

decoder = json.JSONDecoder()
tail, failed, seen, lines = "", None, False, []
for chunk in sys.stdin:
    tail += chunk
    while tail := tail.lstrip():
        try:
            message, end = decoder.raw_decode(tail)
        except json.JSONDecodeError:
            break
        tail, seen = tail[end:], True
        if "error" in message or "message" in message:
            failed = message.get("error") or message.get("message")
        elif message.get("status") in ("Pulling fs layer", "Download complete", "Pull complete"):
            print(f"    | {message.get('id', '')} {message['status']}", flush=True)
        elif text := message.get("stream", "").rstrip():
            for line in text.splitlines():
                lines.append(line)
                if line.startswith("Step "):
                    print("    | " + line[:120], flush=True)
if tail.strip():
    failed = failed or "the engine's answer breaks off or is not JSON: " + tail.strip()[:300]
if failed or not seen:
    print("".join(f"    | {line[:160]}\n" for line in lines[-30:]), end="")
    print("    ! " + (failed or "the engine answered nothing"), flush=True)
    sys.exit(1)
