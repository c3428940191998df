// Says where it runs and what it can't reach. Try: dind-executor run examples/javascript/hello.js -- your name
const fs = require("node:fs");
const os = require("node:os");

console.log(`Hello, ${process.argv.slice(2).join(" ") || "sandbox"}!`);
console.log(`Node.js ${process.versions.node} on ${process.arch}, in ${process.cwd()}, as user ${process.getuid()}`);

const interfaces = Object.keys(os.networkInterfaces()).filter((name) => name !== "lo");
console.log(`network: ${interfaces.join(", ") || "none (only loopback)"}`);

try {
  fs.writeFileSync("/etc/hello", "");
  console.log("root file system: writable");
} catch (error) {
  console.log(`root file system: ${error.code}`);
}
