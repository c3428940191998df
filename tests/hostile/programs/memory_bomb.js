// Takes memory outside of V8's heap without end, in JavaScript.
//
// options: --memory 128m
// verdict: out_of_memory
// exit code: 137

const held = [];
for (;;) held.push(Buffer.alloc(8_000_000, 1));
