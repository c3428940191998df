// Prints lines without end, in JavaScript.
//
// configuration: {"limits": {"defaults": {"output": "1m"}}}
// verdict: output_limit
// exit code: 123
// output bytes: 1048576

const fs = require("fs");
for (;;) fs.writeSync(1, "x".repeat(4000) + "\n");
