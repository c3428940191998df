// Runs without end, in JavaScript. It must meet its timeout.
//
// options: --timeout 2
// verdict: timeout
// exit code: 124
// output: ""

for (;;) {}
